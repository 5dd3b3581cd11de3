// How a grid of any number of dimensions is laid on a plane: panels of rows and columns.
import { kept } from "../lib/memo";

export type Coordinate = string | number;

export interface GridShape {
  dims: readonly string[];
  coords: Readonly<Record<string, readonly Coordinate[]>>;
}

export interface Panel {
  /** The coordinates that all cells of this panel share. */
  at: Record<string, Coordinate>;
  y: number;
  /** Index of each cell in the grid's row-major order: [row * columns + column]. */
  cells: number[];
}

export interface HeatLayout {
  shape: GridShape;
  rowDim: string | null;
  colDim: string | null;
  rows: readonly Coordinate[];
  /** The coordinates of columns; of blocks, their first one. */
  cols: readonly Coordinate[];
  panels: Panel[];
  cell: { width: number; height: number };
  left: number;
  top: number;
  /** Where the cells end; the marginals stand beyond. */
  width: number;
  height: number;
  panelHeight: number;
  /** Column labels do not fit side by side. */
  slanted: boolean;
  /** Upright labels are written at every so many columns. */
  labelEvery: number;
  /** So many neighbouring columns of the grid share a square. */
  block: number;
}

export interface HeatOptions {
  width: number;
  left: number;
  top: number;
  gap: number;
  minCell: number;
  maxCellWidth: number;
  maxCellHeight: number;
  targetHeight: number;
  /** The longest label of a column, in pixels. */
  labelWidth: number;
  /** Which dimensions run down and across; null for the usual ones. */
  axes?: Axes | null;
  /** Columns per square; null for as many as it takes for neurons to fit the width. */
  block?: number | null;
}

export interface Axes {
  row: string | null;
  col: string;
}

/** Dimensions whose labels are tokens, not the bare index. */
const WORDED: readonly string[] = ["position", "key"];

/** Dimensions long enough to make an axis. */
export function longDims(grid: GridShape): string[] {
  return grid.dims.filter((dim) => length(grid, dim) > 1);
}

function length(grid: GridShape, dim: string): number {
  return grid.coords[dim]?.length ?? 1;
}

/** The last long dimension runs across, the one before it down; all others make panels. */
function chosenAxes(grid: GridShape, asked: Axes | null | undefined): Axes {
  const long = longDims(grid);
  const fits = (dim: string | null) => dim === null || long.includes(dim);
  if (asked && asked.row !== asked.col && fits(asked.col) && fits(asked.row)) return asked;
  const col = long.at(-1) ?? grid.dims.at(-1) ?? "";
  return { row: long.length > 1 ? long.at(-2)! : null, col };
}

export function heatLayout(grid: GridShape, options: HeatOptions): HeatLayout {
  const { row: rowDim, col: colDim } = chosenAxes(grid, options.axes);
  const all = grid.coords[colDim] ?? [];
  const rows: readonly Coordinate[] = rowDim ? (grid.coords[rowDim] ?? []) : [""];
  const others = grid.dims.filter((dim) => dim !== colDim && dim !== rowDim);

  const room = options.width - options.left;
  const fitting = colDim === "neuron" ? niceBlock(all.length / (room / options.minCell)) : 1;
  const block = Math.max(1, options.block ?? fitting);
  const cols = all.filter((_, index) => index % block === 0);
  const width = clamp(
    Math.floor(room / Math.max(1, cols.length)),
    options.minCell,
    options.maxCellWidth,
  );
  const combos = combinations(grid, others);
  const each = options.targetHeight / (rows.length * combos.length);
  const height = clamp(Math.floor(each), options.minCell, options.maxCellHeight);
  const panelHeight = rows.length * height;

  return {
    shape: grid,
    rowDim,
    colDim,
    rows,
    cols,
    panels: combos.map((at, index) => ({
      at,
      y: options.top + index * (panelHeight + options.gap),
      cells: cellsOf(grid, at, { rowDim, colDim, rows: rows.length, cols: cols.length, block }),
    })),
    cell: { width, height },
    left: options.left,
    top: options.top,
    width: options.left + cols.length * width,
    height: options.top + combos.length * (panelHeight + options.gap) - options.gap,
    panelHeight,
    slanted:
      options.labelWidth > width &&
      !cols.every((label) => typeof label === "number" && !WORDED.includes(colDim)),
    labelEvery: niceStep(options.labelWidth / width),
    block,
  };
}

interface Plane {
  rowDim: string | null;
  colDim: string;
  rows: number;
  cols: number;
  block: number;
}

/** The indices of a panel's squares, row by row; no object for each, since there may be 20,000. */
function cellsOf(grid: GridShape, at: Record<string, Coordinate>, plane: Plane): number[] {
  const first = flatIndex(grid, positions(grid, at));
  const down = plane.rowDim ? strideOf(grid, plane.rowDim) : 0;
  const across = grid.dims.includes(plane.colDim) ? strideOf(grid, plane.colDim) : 0;
  const cells = new Array<number>(plane.rows * plane.cols);
  for (let index = 0; index < cells.length; index++) {
    const row = Math.floor(index / plane.cols);
    cells[index] = first + row * down + (index % plane.cols) * plane.block * across;
  }
  return cells;
}

/** The distance in the grid's order between neighbours along a dimension. */
function strideOf(grid: GridShape, dim: string): number {
  const after = grid.dims.slice(grid.dims.indexOf(dim) + 1);
  return after.reduce((all, each) => all * length(grid, each), 1);
}

/** The cells that share the square of `first`, which is the first of them. */
export function membersOf(layout: HeatLayout, first: number): number[] {
  const { shape, colDim, block } = layout;
  if (block === 1 || !colDim) return [first];
  const stride = strideOf(shape, colDim);
  const total = length(shape, colDim);
  const start = Math.floor(first / stride) % total;
  const from = start - (start % block);
  const count = Math.min(block, total - from);
  return Array.from({ length: count }, (_, step) => first + (from + step - start) * stride);
}

/** Every square stands for the cell of its block with the greatest effect; the others are beneath. */
export const strongest = kept((layout: HeatLayout, values: readonly (number | null)[]) => {
  if (layout.block === 1) return layout;
  const best = (first: number) => {
    let [found, size] = [first, -1];
    for (const index of membersOf(layout, first)) {
      const value = values[index];
      if (value !== null && value !== undefined && Math.abs(value) > size) {
        [found, size] = [index, Math.abs(value)];
      }
    }
    return found;
  };
  return {
    ...layout,
    panels: layout.panels.map((panel) => ({ ...panel, cells: panel.cells.map(best) })),
  };
});

/** Row-major index of a cell from its position on every dimension. */
export function flatIndex(grid: GridShape, at: Record<string, number>): number {
  return grid.dims.reduce((index, dim) => index * length(grid, dim) + (at[dim] ?? 0), 0);
}

/** Coordinates of a cell from its row-major index. */
export function pointOf(grid: GridShape, index: number): Record<string, Coordinate> {
  const point: Record<string, Coordinate> = {};
  let rest = index;
  for (const dim of [...grid.dims].reverse()) {
    const values = grid.coords[dim] ?? [];
    point[dim] = values[rest % values.length]!;
    rest = Math.floor(rest / values.length);
  }
  return point;
}

function positions(grid: GridShape, at: Record<string, Coordinate>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(at).map(([dim, value]) => [dim, grid.coords[dim]!.indexOf(value)]),
  );
}

function combinations(grid: GridShape, dims: readonly string[]): Record<string, Coordinate>[] {
  return dims.reduce<Record<string, Coordinate>[]>(
    (all, dim) =>
      all.flatMap((point) => (grid.coords[dim] ?? []).map((value) => ({ ...point, [dim]: value }))),
    [{}],
  );
}

/** The smallest of 1, 2, 5, 10, 20, … that is at least as large. */
function niceStep(least: number): number {
  for (let unit = 1; ; unit *= 10) {
    for (const step of [1, 2, 5]) if (step * unit >= least) return step * unit;
  }
}

/** The smallest power of two that is at least as large. */
function niceBlock(least: number): number {
  let block = 1;
  while (block < least) block *= 2;
  return block;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
