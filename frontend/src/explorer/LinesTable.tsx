import { useMemo, useState } from "react";
import type { GridData } from "../api/types";
import { type HeatLayout, strongest } from "../charts/heatLayout";
import { extremeOf, marginals, type Summary } from "../charts/summaries";
import { MoreRows } from "../ui/MoreRows";
import { Term } from "../ui/Term";
import { styles } from "../ui/ui";
import { lineName, panelTitles } from "./gridChart";
import { type Shown, showValue } from "./gridView";
import words from "./verdict.module.css";

const PAGE = 200;

interface LinesTableProps {
  grid: GridData;
  shown: Shown;
  layout: HeatLayout;
}

interface Row {
  name: string;
  sum: Summary;
}

/** The bars beside a grid as rows: each row and column with its mean and its largest cell. */
export function LinesTable({ grid, shown, layout }: LinesTableProps) {
  const [limit, setLimit] = useState(PAGE);
  const rows = useMemo(() => linesOf(grid, shown, layout), [grid, shown, layout]);
  if (rows.length === 0) return null;
  return (
    <details className={words.display}>
      <summary className={words.displayTitle}>Rows and columns: the bars beside the grid</summary>
      <p>
        <Term id="marginals">Means</Term> of {shown.name}
        {layout.block > 1 && `, of the strongest of ${layout.block} neighbours each`}.
      </p>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label="Rows and columns">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Row or column</th>
              <th scope="col" className={styles.num}>
                Cells with a value
              </th>
              <th scope="col" className={styles.num}>
                Mean
              </th>
              <th scope="col" className={styles.num}>
                Largest
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, limit).map(({ name, sum }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className={styles.num}>{sum.n}</td>
                <td className={styles.num}>{showValue(shown, sum.mean)}</td>
                <td className={styles.num}>{showValue(shown, extremeOf(sum))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows left={rows.length - limit} note="" onMore={() => setLimit(limit + PAGE)} />
    </details>
  );
}

export function linesOf(grid: GridData, shown: Shown, bare: HeatLayout): Row[] {
  const layout = strongest(bare, shown.values);
  const titles = panelTitles(grid, layout);
  return marginals(shown.values, layout).flatMap(({ rows, cols }, panel) => {
    const named = (dim: string | null, at: HeatLayout["rows"], sums: readonly Summary[]) =>
      sums.map((sum, index) => ({
        name: [titles[panel], lineName(grid, dim!, at[index]!)].filter(Boolean).join(", "),
        sum,
      }));
    return [...named(layout.rowDim, layout.rows, rows), ...named(layout.colDim, layout.cols, cols)];
  });
}
