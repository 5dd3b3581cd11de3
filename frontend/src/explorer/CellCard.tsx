import type { GridData, MetricKind } from "../api/types";
import { inUnit, percent, visible } from "../lib/format";
import { metricTitle } from "../lib/names";
import { Term } from "../ui/Term";
import { Button, styles } from "../ui/ui";
import css from "./explorer.module.css";
import {
  cardCell,
  cellName,
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

/** The pinned cell with all its metrics; without one, the cell with the largest effect. */
export function CellCard({ grid, shown, pinned, running, opening, onOpen }: CellCardProps) {
  const card = pinned === null ? cardCell(grid, shown) : { index: pinned, says: "Pinned cell" };
  if (card === null) return null;
  const { index, says } = card;
  const top = grid.top[index];
  const clean = grid.clean.top[0];
  return (
    <section className={css.card} aria-label="Cell">
      <header>
        <span className={css.cardKind}>{pinned === null && running ? `${says} so far` : says}</span>
        <h3>{cellName(grid, index)}</h3>
      </header>
      <table className={styles.table}>
        <tbody>
          {Object.entries(grid.metrics).map(([key, metric]) => {
            const each = shownMetric(grid, key);
            const status = each.status[index] ?? "pending";
            return (
              <tr key={key}>
                <th scope="row">
                  <Term id={metric.kind as MetricKind}>{metricTitle(metric)}</Term>
                </th>
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
          Means over {grid.draws} <Term id="draws">draws</Term>, with the{" "}
          <Term id="std">standard deviation</Term> between them.
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
