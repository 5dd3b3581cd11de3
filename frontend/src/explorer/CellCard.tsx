import type { GridData } from "../api/types";
import { inUnit, percent, visible } from "../lib/format";
import { metricTitle } from "../lib/names";
import { Button, styles } from "../ui/ui";
import css from "./explorer.module.css";
import {
  cellName,
  extremes,
  type Shown,
  STATUS_WORDS,
  shownMetric,
  showSpread,
  showValue,
} from "./gridView";

interface CellCardProps {
  grid: GridData;
  shown: Shown;
  pinned: number | null;
  running: boolean;
  opening: boolean;
  onOpen: (index: number) => void;
}

/** What the card is of, where no cell is pinned: also how many have the same number. */
function kindOf(shown: Shown, index: number, running: boolean): string {
  const text = showValue(shown, shown.values[index]);
  const alike = shown.values.filter((value) => showValue(shown, value) === text).length;
  const which = alike > 1 ? `One of ${alike} with the largest effect` : "Largest effect";
  return running ? `${which} so far` : which;
}

/** The pinned cell with all its metrics; without one, the cell with the largest effect. */
export function CellCard({ grid, shown, pinned, running, opening, onOpen }: CellCardProps) {
  const index = pinned ?? extremes(shown)?.index ?? null;
  if (index === null) return null;
  const top = grid.top[index];
  const clean = grid.clean.top[0];
  return (
    <section className={css.card} aria-label="Cell">
      <header>
        <span className={css.cardKind}>
          {pinned === null ? kindOf(shown, index, running) : "Pinned cell"}
        </span>
        <h3>{cellName(grid, index)}</h3>
      </header>
      <table className={styles.table}>
        <tbody>
          {Object.entries(grid.metrics).map(([key, metric]) => {
            const each = shownMetric(grid, key);
            const status = each.status[index] ?? "pending";
            return (
              <tr key={key}>
                <th scope="row">{metricTitle(metric)}</th>
                <td className={styles.num}>
                  {status === "ok"
                    ? inUnit(grid.values[key]![index], metric.unit)
                    : STATUS_WORDS[status]}
                  {status === "ok" && !each.isChange && <small>{showSpread(each, index)}</small>}
                </td>
                <td className={styles.num}>
                  {status === "ok" && each.isChange && <b>{showValue(each, each.values[index])}</b>}
                  {status === "ok" && each.isChange && <small>{showSpread(each, index)}</small>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {top && (
        <p className={css.says}>
          says <code>{visible(top.token)}</code> {top.prob === null ? "" : percent(top.prob)}
          {clean && clean.id !== top.id ? (
            <>
              {" "}
              instead of <code>{visible(clean.token)}</code>
            </>
          ) : (
            ", as without the edit"
          )}
        </p>
      )}
      {(grid.draws ?? 1) > 1 && (
        <p className={css.says}>
          Means over {grid.draws} draws, with the standard deviation between them.
        </p>
      )}
      {grid.errors?.[String(index)] && <p className={css.says}>{grid.errors[String(index)]}</p>}
      <Button small icon="arrow" disabled={opening} onClick={() => onOpen(index)}>
        Open as its own experiment
      </Button>
      <p className={css.hint}>
        One prompt, one edit at a time. A small effect here does not prove that a part is unused.
      </p>
    </section>
  );
}
