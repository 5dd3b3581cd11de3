import { Link } from "wouter";
import { useExport } from "../api/history";
import type { Summary } from "../api/types";
import { count } from "../lib/format";
import { Button, cx, styles } from "../ui/ui";
import css from "./history.module.css";

/** What can be done with the lines that are selected. */
export function Selection({ chosen, onClear }: { chosen: Summary[]; onClear: () => void }) {
  const save = useExport();
  if (chosen.length === 0) return null;
  const [a, b] = chosen;
  const why =
    chosen.length !== 2
      ? "Select two to compare them"
      : a!.kind !== b!.kind
        ? "A run and a sweep cannot be compared"
        : null;
  return (
    <div className={css.selection} role="region" aria-label="Selected">
      <b role="status">{count(chosen.length, "selected", "selected")}</b>
      {why ? (
        <span className={css.why}>{why}</span>
      ) : (
        <Link
          className={cx(styles.button, styles.small, styles.primary)}
          href={`/c?a=${a!.id}&b=${b!.id}`}
        >
          Compare
        </Link>
      )}
      <Button
        small
        disabled={save.isPending}
        title="One file that another machine can open"
        onClick={() => save.mutate(chosen.map(({ id }) => id))}
      >
        {save.isPending ? "Exporting…" : "Export"}
      </Button>
      <Button small look="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
