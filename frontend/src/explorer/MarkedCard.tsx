import type { GridData } from "../api/types";
import { SaveCsv } from "../charts/ExportMenu";
import { flips, summarise } from "../charts/summaries";
import { count } from "../lib/format";
import { Term } from "../ui/Term";
import { Button, styles } from "../ui/ui";
import css from "./explorer.module.css";
import { toCsv } from "./gridCsv";
import { cellName, type Shown, showValue } from "./gridView";

/** A run takes so many edits at most. */
const MOST_EDITS = 1000;

interface MarkedCardProps {
  grid: GridData;
  shown: Shown;
  cells: readonly number[];
  name: string;
  opening: boolean;
  onClear: () => void;
  onOpen: (cells: readonly number[]) => void;
}

/** Numbers over the marked cells, and what can be done with them together. */
export function MarkedCard(props: MarkedCardProps) {
  const { grid, shown, cells, name, opening, onClear, onOpen } = props;
  const sums = summarise(shown.values, cells);
  const flipped = flips(grid.top, grid.clean.top[0], cells);
  const refused = refusal(grid, cells.length);
  const lacking = cells.length - sums.n;
  const rows: [string, string, string?][] = [
    ["Mean", showValue(shown, sums.mean)],
    ["Lowest", showValue(shown, sums.min), sums.minAt === null ? "" : cellName(grid, sums.minAt)],
    ["Highest", showValue(shown, sums.max), sums.maxAt === null ? "" : cellName(grid, sums.maxAt)],
    ["Other top token", flipped === null ? "–" : `${flipped} of ${cells.length}`],
  ];
  return (
    <section className={css.card} aria-label="Marked cells">
      <header>
        <span className={css.cardKind}>Marked</span>
        <h3>{count(cells.length, "cell")}</h3>
      </header>
      <table className={styles.table}>
        <tbody>
          {rows.map(([word, value, where]) => (
            <tr key={word}>
              <th scope="row">{word}</th>
              <td className={styles.num} title={where}>
                {value}
                {where && <small className={css.where}>{where}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {lacking > 0 && (
        <p className={css.says}>{count(lacking, "cell")} without a value left out.</p>
      )}
      <div className={css.cardButtons}>
        <Button
          small
          icon="arrow"
          disabled={opening || refused !== null}
          onClick={() => onOpen(cells)}
        >
          Run all {cells.length} edits together
        </Button>
        <SaveCsv name={`${name}-marked`} text={() => toCsv(grid, cells)} />
        <Button small look="quiet" onClick={onClear} title="Clear the marks (Escape in the grid)">
          Clear
        </Button>
      </div>
      <p className={css.hint}>
        {refused ?? (
          <>
            Each number is of one edit alone. Together (<Term id="joint">joint run</Term>) they may
            do more or less than their sum: run them to see.
          </>
        )}
      </p>
    </section>
  );
}

function refusal(grid: GridData, n: number): string | null {
  if (n > MOST_EDITS)
    return `A run takes at most ${MOST_EDITS.toLocaleString("en")} edits: mark fewer cells.`;
  if (grid.spec.op.kind === "path")
    return "Paths are run one by one: several of them are not one experiment.";
  return null;
}
