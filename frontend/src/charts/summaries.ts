// Numbers over several cells: of rows and columns, and of a brushed rectangle.
import { kept } from "../lib/memo";
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

/** Each row and column of every panel, over its squares; none where a grid has one line only. */
export const marginals = kept((values: Values, { panels, rows, cols }: HeatLayout): Marginals[] =>
  rows.length > 1 && cols.length > 1
    ? panels.map((panel) => panelSums(values, panel, rows.length, cols.length))
    : [],
);

function panelSums(values: Values, { cells }: Panel, rows: number, cols: number): Marginals {
  const line = (from: number, step: number, n: number) =>
    summarise(
      values,
      Array.from({ length: n }, (_, at) => cells[from + at * step]!),
    );
  return {
    rows: Array.from({ length: rows }, (_, row) => line(row * cols, 1, cols)),
    cols: Array.from({ length: cols }, (_, col) => line(col, cols, rows)),
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
