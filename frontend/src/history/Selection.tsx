import { Link, useLocation } from "wouter";
import { useExport } from "../api/history";
import type { Summary } from "../api/types";
import { count } from "../lib/format";
import { useKeys } from "../lib/hooks";
import { Button, cx, styles } from "../ui/ui";
import css from "./history.module.css";

/** What can be done with the lines that are selected. */
export function Selection({ chosen, onClear }: { chosen: Summary[]; onClear: () => void }) {
  const save = useExport();
  const [, go] = useLocation();
  const [a, b] = chosen;
  const why =
    chosen.length !== 2
      ? "Select two to compare them"
      : a!.kind !== b!.kind
        ? "A run and a sweep cannot be compared"
        : null;
  const compare = `/c?a=${a?.id}&b=${b?.id}`;
  useKeys(why === null ? { c: () => go(compare) } : {});
  if (chosen.length === 0) return null;
  return (
    <div className={css.selection} role="region" aria-label="Selected">
      <b role="status">{count(chosen.length, "selected", "selected")}</b>
      {why ? (
        <span className={css.why}>{why}</span>
      ) : (
        <Link
          className={cx(styles.button, styles.small, styles.primary)}
          href={compare}
          title="Compare (key c)"
        >
          Compare <span className={styles.kbd}>c</span>
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
