import { Button, Empty } from "../ui/ui";
import { anyFilter, type Filters } from "./filters";

interface NothingFitsProps {
  filters: Filters;
  onClear: () => void;
}

/** Shown where the search and the filters leave nothing of a list. */
export function NothingFits({ filters, onClear }: NothingFitsProps) {
  const { q } = filters;
  const searchAlone = !anyFilter({ ...filters, q: "" });
  const title = searchAlone
    ? `Nothing matches “${q}”.`
    : q
      ? `Nothing matches “${q}” within the filters.`
      : "Nothing fits the filters.";
  return (
    <Empty title={title}>
      <p>
        {q && "Try fewer words, or "}
        <Button small onClick={onClear}>
          {searchAlone ? "Clear the search" : "Clear all filters"}
        </Button>
      </p>
    </Empty>
  );
}
