// Cells by their place on the plane: under a point, by keys, and rectangles of them.
import { flatIndex, type HeatLayout, membersOf, pointOf } from "./heatLayout";
import { ROOM } from "./marginalScene";

export interface Place {
  panel: number;
  row: number;
  col: number;
}

/** A place, or a whole row or column of a panel, where the other one is null. */
export interface Line {
  panel: number;
  row: number | null;
  col: number | null;
}

/** A rectangle of squares within one panel, by two of its corners. */
export interface Brush {
  from: Place;
  to: Place;
}

/** The cell under a point, or null between panels and on the axes. */
export function placeAt(layout: HeatLayout, x: number, y: number): Place | null {
  const col = Math.floor((x - layout.left) / layout.cell.width);
  if (col < 0 || col >= layout.cols.length) return null;
  const panel = layout.panels.findIndex((each) => y >= each.y && y < each.y + layout.panelHeight);
  if (panel < 0) return null;
  return { panel, row: Math.floor((y - layout.panels[panel]!.y) / layout.cell.height), col };
}

/** The row or the column whose bar beside the cells is under a point. */
export function barAt(layout: HeatLayout, x: number, y: number): Line | null {
  const panel = layout.panels.findIndex(
    (each) => y >= each.y && y < each.y + layout.panelHeight + ROOM.bottom,
  );
  if (panel < 0) return null;
  const [across, down] = [x - layout.left, y - layout.panels[panel]!.y];
  const [right, below] = [x - layout.width, down - layout.panelHeight];
  if (below < 0 && right >= 0 && right < ROOM.right)
    return { panel, row: Math.floor(down / layout.cell.height), col: null };
  if (below >= 0 && across >= 0 && right < 0)
    return { panel, row: null, col: Math.floor(across / layout.cell.width) };
  return null;
}

export function isPlace(line: Line | null): line is Place {
  return line !== null && line.row !== null && line.col !== null;
}

export function sameLine(one: Line | null, other: Line | null): boolean {
  if (one === other) return true;
  return Boolean(
    one && other && one.panel === other.panel && one.row === other.row && one.col === other.col,
  );
}

/** Whether a place lies within a rectangle. */
export function within(brush: Brush, { panel, row, col }: Place): boolean {
  const box = corners(brush);
  return (
    panel === box.panel &&
    row >= box.top &&
    row <= box.bottom &&
    col >= box.left &&
    col <= box.right
  );
}

/** The square of a panel that is nearest to a point. */
export function nearest(layout: HeatLayout, panel: number, x: number, y: number): Place {
  const row = Math.floor((y - layout.panels[panel]!.y) / layout.cell.height);
  const col = Math.floor((x - layout.left) / layout.cell.width);
  return {
    panel,
    row: clamp(row, 0, layout.rows.length - 1),
    col: clamp(col, 0, layout.cols.length - 1),
  };
}

export function cellIndex(layout: HeatLayout, { panel, row, col }: Place): number {
  return layout.panels[panel]!.cells[row * layout.cols.length + col]!;
}

export function placeOf(layout: HeatLayout, index: number): Place | null {
  const point = pointOf(layout.shape, index);
  const panel = layout.panels.findIndex(({ at }) =>
    Object.entries(at).every(([dim, value]) => point[dim] === value),
  );
  const { rowDim, colDim, shape } = layout;
  const row = rowDim ? layout.rows.indexOf(point[rowDim]!) : 0;
  const col = colDim ? (shape.coords[colDim] ?? []).indexOf(point[colDim]!) : 0;
  if (panel < 0 || row < 0 || col < 0) return null;
  return { panel, row, col: Math.floor(col / layout.block) };
}

export function inside(layout: HeatLayout, { panel, row, col }: Place): boolean {
  return panel < layout.panels.length && row < layout.rows.length && col < layout.cols.length;
}

/** Where a key moves the active cell; null for keys that are not ours. */
export function step(layout: HeatLayout, at: Place, key: string, ctrl: boolean): Place | null {
  const total = layout.rows.length * layout.panels.length;
  const line = at.panel * layout.rows.length + at.row;
  const last = layout.cols.length - 1;
  const page = layout.panels.length > 1 ? layout.rows.length : PAGE;
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
      return go(line - page, at.col);
    case "PageDown":
      return go(line + page, at.col);
    case "Home":
      return go(ctrl ? 0 : line, 0);
    case "End":
      return go(ctrl ? total - 1 : line, last);
    default:
      return null;
  }
}

/** So many rows make a page where there is one panel only. */
const PAGE = 10;

/** Stretches a rectangle by a key; it stays within the panel where it began. */
export function stretch(layout: HeatLayout, brush: Brush, key: string, ctrl: boolean): Brush {
  const moved = step(layout, brush.to, key, ctrl);
  if (!moved) return brush;
  if (moved.panel === brush.from.panel) return { from: brush.from, to: moved };
  const row = moved.panel < brush.from.panel ? 0 : layout.rows.length - 1;
  return { from: brush.from, to: { panel: brush.from.panel, row, col: moved.col } };
}

export function corners({ from, to }: Brush) {
  return {
    panel: from.panel,
    top: Math.min(from.row, to.row),
    bottom: Math.max(from.row, to.row),
    left: Math.min(from.col, to.col),
    right: Math.max(from.col, to.col),
  };
}

/** Every cell of the grid in a rectangle, those beneath a shared square too, in the grid's order. */
export function cellsIn(layout: HeatLayout, brush: Brush): number[] {
  const { panel, top, bottom, left, right } = corners(brush);
  const found: number[] = [];
  for (let row = top; row <= bottom; row++) {
    for (let col = left; col <= right; col++) {
      found.push(...membersOf(layout, cellIndex(layout, { panel, row, col })));
    }
  }
  return found.sort((a, b) => a - b);
}

/** The rectangle between two cells of the grid; null where they lie on different panels. */
export function brushOf(layout: HeatLayout, one: number, other: number): Brush | null {
  const [from, to] = [placeOf(layout, one), placeOf(layout, other)];
  return from && to && from.panel === to.panel ? { from, to } : null;
}

/** The cell of a grid at a point of coordinates; null where it has none. */
export function cellAt(
  { shape }: Pick<HeatLayout, "shape">,
  point: Record<string, string | number>,
): number | null {
  const at: Record<string, number> = {};
  for (const dim of shape.dims) {
    const values = shape.coords[dim] ?? [];
    const place = dim in point ? values.indexOf(point[dim]!) : values.length === 1 ? 0 : -1;
    if (place < 0) return null;
    at[dim] = place;
  }
  return flatIndex(shape, at);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
