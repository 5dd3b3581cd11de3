// A grid's cells as CSV.
import type { GridData } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import { csvText } from "../lib/csv";

/** Cells as CSV, all of them or some: coordinates, every metric with its status, the spread of draws, the edited run's best token. */
export function toCsv(grid: GridData, cells?: readonly number[]): string {
  const metrics = Object.keys(grid.values);
  const drawn = metrics.filter((key) => grid.spread?.[key]);
  const head = [
    ...grid.dims,
    ...metrics.flatMap((key) => [key, `${key} status`]),
    ...drawn.map((key) => `${key} spread`),
    "top token",
  ];
  const lines = (cells ?? grid.top.map((_, index) => index)).map((index) => {
    const point = pointOf(grid, index);
    const top = grid.top[index];
    return [
      ...grid.dims.map((dim) => point[dim]),
      ...metrics.flatMap((key) => [grid.values[key]![index] ?? "", grid.status[key]![index]]),
      ...drawn.map((key) => grid.spread![key]![index] ?? ""),
      top?.token ?? "",
    ];
  });
  return csvText([head, ...lines]);
}
