// The three grids of a comparison as CSV.
import type { GridData } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import type { Trio } from "./pair";

/** One row for each cell: its coordinates, A, B and B − A; empty where a value is missing. */
export function differenceCsv(grid: GridData, { a, b, difference }: Trio): string {
  const rows = difference.values.map((value, index) => {
    const point = pointOf(grid, index);
    const numbers = [a.values[index], b.values[index], value];
    return [...grid.dims.map((dim) => point[dim]), ...numbers.map((each) => each ?? "")];
  });
  const head = [...grid.dims, "A", "B", "B - A"];
  return `${[head, ...rows].map((row) => row.join(",")).join("\n")}\n`;
}
