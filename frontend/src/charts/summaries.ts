// Numbers over several cells: of rows and columns, and of a brushed rectangle.
import type { HeatLayout, Panel } from "./heatLayout";

export interface Summary {
  /** Cells with a value; the mean is over these. */
  n: number;
  mean: number | null;
  min: number | null;
  max: number | null;
  minAt: number | null;
  maxAt: number | null;
}

export type Values = readonly (number | null)[];

export function summarise(values: Values, cells: readonly number[]): Summary {
  const found: Summary = { n: 0, mean: null, min: null, max: null, minAt: null, maxAt: null };
  let sum = 0;
  for (const index of cells) {
    const value = values[index];
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    found.n += 1;
    sum += value;
    if (found.min === null || value < found.min) [found.min, found.minAt] = [value, index];
    if (found.max === null || value > found.max) [found.max, found.maxAt] = [value, index];
  }
  if (found.n) found.mean = sum / found.n;
  return found;
}

/** The value furthest from 0. */
export function extremeOf({ min, max }: Summary): number | null {
  if (min === null || max === null) return null;
  return Math.abs(min) > Math.abs(max) ? min : max;
}

export interface Marginals {
  rows: Summary[];
  cols: Summary[];
}

/** Each row and column of a panel, over its squares. */
export function marginals(layout: HeatLayout, panel: Panel, values: Values): Marginals {
  const [rows, cols] = [layout.rows.length, layout.cols.length];
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  return {
    rows: range(rows).map((row) =>
      summarise(values, panel.cells.slice(row * cols, (row + 1) * cols)),
    ),
    cols: range(cols).map((col) =>
      summarise(
        values,
        range(rows).map((row) => panel.cells[row * cols + col]!),
      ),
    ),
  };
}

/** How many of some cells say another token than the run without the edit. */
export function flips(
  tops: readonly ({ id: number } | null)[],
  clean: { id: number } | undefined,
  cells: readonly number[],
): number | null {
  if (!clean) return null;
  const known = cells.map((index) => tops[index]).filter((top) => top !== null);
  return known.length ? known.filter((top) => top!.id !== clean.id).length : null;
}
