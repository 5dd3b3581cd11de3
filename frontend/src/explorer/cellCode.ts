// Cells as addresses write them: "L9.P5", "mlp_out.L3", "L3.P0..L5.P2" for a rectangle.
import type { Coordinate, GridShape } from "../charts/heatLayout";
import { longDims, pointOf } from "../charts/heatLayout";
import { cellAt } from "../charts/places";

const LETTERS: Record<string, string> = {
  layer: "L",
  head: "H",
  neuron: "N",
  position: "P",
  key: "K",
};

/** The coordinates that tell this cell from the others of its grid. */
export function cellCode(grid: GridShape, index: number): string {
  const point = pointOf(grid, index);
  const long = longDims(grid);
  const told = long.length ? long : grid.dims;
  return told.map((dim) => `${LETTERS[dim] ?? ""}${point[dim]}`).join(".");
}

/** The cell of a code, or of a bare index; null where the grid has none such. */
export function parseCell(grid: GridShape, code: string): number | null {
  const total = grid.dims.reduce((all, dim) => all * (grid.coords[dim]?.length ?? 1), 1);
  if (/^\d+$/.test(code)) return Number(code) < total ? Number(code) : null;
  const point: Record<string, Coordinate> = {};
  for (const part of code.split(".")) {
    const found = /^([LHNPK])(\d+)$/.exec(part);
    const dim = found && Object.keys(LETTERS).find((each) => LETTERS[each] === found[1]);
    if (dim) point[dim] = Number(found[2]);
    else point.site = part;
  }
  return cellAt({ shape: grid }, point);
}

/** Two corners of a rectangle. */
export function parseRange(grid: GridShape, text: string): [number, number] | null {
  const [from, to] = text.split("..").map((code) => parseCell(grid, code));
  return typeof from === "number" && typeof to === "number" ? [from, to] : null;
}
