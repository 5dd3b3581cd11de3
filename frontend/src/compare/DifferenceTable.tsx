import { useMemo, useState } from "react";
import type { GridData } from "../api/types";
import { cellName, type Shown, STATUS_WORDS, showValue } from "../explorer/gridView";
import { MoreRows } from "../ui/MoreRows";
import { Term } from "../ui/Term";
import { styles } from "../ui/ui";
import type { Trio } from "./pair";

const PAGE = 100;

function say(shown: Shown, index: number): string {
  const status = shown.status[index] ?? "pending";
  return status === "ok" ? showValue(shown, shown.values[index]) : STATUS_WORDS[status];
}

/** Every cell with A, B and B − A, the largest differences first. */
export function DifferenceTable({ grid, three }: { grid: GridData; three: Trio }) {
  const [limit, setLimit] = useState(PAGE);
  const order = useMemo(() => {
    const size = (index: number) => Math.abs(three.difference.values[index] ?? -1);
    return three.difference.values.map((_, index) => index).sort((x, y) => size(y) - size(x));
  }, [three]);
  return (
    <>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label="Cells as a table">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Cell</th>
              {["A", "B"].map((name) => (
                <th key={name} scope="col" className={styles.num}>
                  {name}
                </th>
              ))}
              <th scope="col" className={styles.num}>
                <Term id="difference">B − A</Term>
              </th>
            </tr>
          </thead>
          <tbody>
            {order.slice(0, limit).map((index) => (
              <tr key={index}>
                <td>{cellName(grid, index)}</td>
                <td className={styles.num}>{say(three.a, index)}</td>
                <td className={styles.num}>{say(three.b, index)}</td>
                <td className={styles.num}>
                  <b>{say(three.difference, index)}</b>
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
