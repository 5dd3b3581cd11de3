// How a grid of any number of dimensions is laid on a plane: panels of rows and columns.

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
  rowDim: string | null;
  colDim: string | null;
  rows: readonly Coordinate[];
  cols: readonly Coordinate[];
  panels: Panel[];
  cell: { width: number; height: number };
  left: number;
  top: number;
  width: number;
  height: number;
  panelHeight: number;
  /** Column labels do not fit side by side. */
  slanted: boolean;
  /** Upright labels are written at every so many columns. */
  labelEvery: number;
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
}

/** Dimensions whose labels are tokens, not the bare index. */
const WORDED: readonly string[] = ["position", "key"];

/** The last long dimension runs across, the one before it down; all others make panels. */
export function heatLayout(grid: GridShape, options: HeatOptions): HeatLayout {
  const length = (dim: string) => grid.coords[dim]?.length ?? 1;
  const long = grid.dims.filter((dim) => length(dim) > 1);
  const colDim = long.at(-1) ?? grid.dims.at(-1) ?? null;
  const rowDim = long.length > 1 ? long.at(-2)! : null;
  const cols = colDim ? (grid.coords[colDim] ?? []) : [];
  const rows: readonly Coordinate[] = rowDim ? (grid.coords[rowDim] ?? []) : [""];
  const others = grid.dims.filter((dim) => dim !== colDim && dim !== rowDim);

  const room = options.width - options.left;
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
    rowDim,
    colDim,
    rows,
    cols,
    panels: combos.map((at, index) => ({
      at,
      y: options.top + index * (panelHeight + options.gap),
      cells: rows.flatMap((_, row) =>
        cols.map((_, col) =>
          flatIndex(grid, { ...positions(grid, at), [rowDim ?? ""]: row, [colDim ?? ""]: col }),
        ),
      ),
    })),
    cell: { width, height },
    left: options.left,
    top: options.top,
    width: options.left + cols.length * width,
    height: options.top + combos.length * (panelHeight + options.gap) - options.gap,
    panelHeight,
    slanted:
      options.labelWidth > width &&
      !cols.every((label) => typeof label === "number" && !WORDED.includes(colDim ?? "")),
    labelEvery: niceStep(options.labelWidth / width),
  };
}

/** Row-major index of a cell from its position on every dimension. */
export function flatIndex(grid: GridShape, at: Record<string, number>): number {
  return grid.dims.reduce(
    (index, dim) => index * (grid.coords[dim]?.length ?? 1) + (at[dim] ?? 0),
    0,
  );
}

/** Coordinates of the cell with a row-major index. */
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

export interface Place {
  panel: number;
  row: number;
  col: number;
}

/** The cell under a point, or null between panels and on the axes. */
export function placeAt(layout: HeatLayout, x: number, y: number): Place | null {
  const col = Math.floor((x - layout.left) / layout.cell.width);
  if (col < 0 || col >= layout.cols.length) return null;
  const panel = layout.panels.findIndex((each) => y >= each.y && y < each.y + layout.panelHeight);
  if (panel < 0) return null;
  return { panel, row: Math.floor((y - layout.panels[panel]!.y) / layout.cell.height), col };
}

export function cellIndex(layout: HeatLayout, { panel, row, col }: Place): number {
  return layout.panels[panel]!.cells[row * layout.cols.length + col]!;
}

export function placeOf(layout: HeatLayout, index: number): Place | null {
  for (const [panel, { cells }] of layout.panels.entries()) {
    const at = cells.indexOf(index);
    if (at >= 0) {
      return { panel, row: Math.floor(at / layout.cols.length), col: at % layout.cols.length };
    }
  }
  return null;
}

/** Where a key moves the active cell; null for keys that are not ours. */
export function step(layout: HeatLayout, at: Place, key: string, ctrl: boolean): Place | null {
  const total = layout.rows.length * layout.panels.length;
  const line = at.panel * layout.rows.length + at.row;
  const last = layout.cols.length - 1;
  const go = (nextLine: number, col: number): Place => {
    const within = clamp(nextLine, 0, total - 1);
    return {
      panel: Math.floor(within / layout.rows.length),
      row: within % layout.rows.length,
      col: clamp(col, 0, last),
    };
  };
  switch (key) {
    case "ArrowLeft":
      return go(line, at.col - 1);
    case "ArrowRight":
      return go(line, at.col + 1);
    case "ArrowUp":
      return go(line - 1, at.col);
    case "ArrowDown":
      return go(line + 1, at.col);
    case "PageUp":
      return go(line - layout.rows.length, at.col);
    case "PageDown":
      return go(line + layout.rows.length, at.col);
    case "Home":
      return go(ctrl ? 0 : line, 0);
    case "End":
      return go(ctrl ? total - 1 : line, last);
    default:
      return null;
  }
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

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
