import { Button, Empty } from "../ui/ui";

/** Shown where the filters leave nothing of a list. */
export function NothingFits({ onClear }: { onClear: () => void }) {
  return (
    <Empty title="Nothing fits the filters.">
      <p>
        Try fewer words, or{" "}
        <Button small onClick={onClear}>
          Clear all filters
        </Button>
      </p>
    </Empty>
  );
}
