import { useState } from "react";
import type { GridData } from "../api/types";
import { inUnit } from "../lib/format";
import { metricTitle } from "../lib/names";
import { MoreRows } from "../ui/MoreRows";
import { Button, styles, TokenText } from "../ui/ui";
import { cellName, STATUS_WORDS, shownMetric, showSpread, showValue } from "./gridView";

const PAGE = 200;

interface CellTableProps {
  grid: GridData;
  opening: boolean;
  onOpen: (index: number) => void;
}

/** Every cell as a row, the largest effects first on request. */
export function CellTable({ grid, opening, onOpen }: CellTableProps) {
  const [sortBy, setSortBy] = useState<string | null>(null);
  const [limit, setLimit] = useState(PAGE);
  const metrics = Object.keys(grid.metrics).map((key) => shownMetric(grid, key));
  const order = grid.top.map((_, index) => index);
  const by = metrics.find((metric) => metric.key === sortBy);
  if (by) order.sort((a, b) => Math.abs(by.values[b] ?? -1) - Math.abs(by.values[a] ?? -1));
  return (
    <>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label="Cells as a table">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Cell</th>
              {metrics.map((metric) => (
                <th
                  key={metric.key}
                  scope="col"
                  className={styles.num}
                  aria-sort={metric.key === sortBy ? "descending" : undefined}
                >
                  <Button
                    small
                    look="quiet"
                    onClick={() => setSortBy(metric.key === sortBy ? null : metric.key)}
                  >
                    {metric.isChange ? "Δ " : ""}
                    {metricTitle(grid.metrics[metric.key]!)} {metric.key === sortBy ? "↓" : ""}
                  </Button>
                </th>
              ))}
              <th scope="col">Says</th>
              <th scope="col">
                <span className="visually-hidden">Open</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {order.slice(0, limit).map((index) => (
              <tr key={index}>
                <td>{cellName(grid, index)}</td>
                {metrics.map((metric) => {
                  const status = metric.status[index] ?? "pending";
                  return (
                    <td
                      key={metric.key}
                      className={styles.num}
                      title={inUnit(grid.values[metric.key]![index], metric.unit)}
                    >
                      {status === "ok"
                        ? showValue(metric, metric.values[index]) + showSpread(metric, index)
                        : STATUS_WORDS[status]}
                    </td>
                  );
                })}
                <td>{grid.top[index] && <TokenText text={grid.top[index]!.token} />}</td>
                <td>
                  <Button
                    small
                    look="quiet"
                    icon="arrow"
                    disabled={opening}
                    aria-label={`Open ${cellName(grid, index)}`}
                    onClick={() => onOpen(index)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreRows left={order.length - limit} onMore={() => setLimit(limit + PAGE)} />
    </>
  );
}
