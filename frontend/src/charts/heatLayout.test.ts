import { expect, it } from "vitest";
import { flatIndex, heatLayout, membersOf, pointOf, strongest } from "./heatLayout";
import { brushOf, cellIndex, cellsIn, placeAt, placeOf, step, stretch } from "./places";

const grid = {
  dims: ["site", "layer", "position"],
  coords: { site: ["attn_out", "mlp_out"], layer: [0, 1, 2], position: [0, 1, 2, 3] },
};
const options = {
  width: 500,
  left: 60,
  top: 20,
  gap: 30,
  minCell: 8,
  maxCellWidth: 60,
  maxCellHeight: 40,
  targetHeight: 400,
  labelWidth: 30,
};
const layout = heatLayout(grid, options);

it("puts every cell of the grid in exactly one place", () => {
  const all = layout.panels.flatMap((panel) => panel.cells);
  expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

it("agrees with the grid's row-major order", () => {
  expect(layout).toMatchObject({ rowDim: "layer", colDim: "position" });
  const index = cellIndex(layout, { panel: 1, row: 2, col: 3 });
  expect(pointOf(grid, index)).toEqual({ site: "mlp_out", layer: 2, position: 3 });
  expect(index).toBe(flatIndex(grid, { site: 1, layer: 2, position: 3 }));
  expect(placeOf(layout, index)).toEqual({ panel: 1, row: 2, col: 3 });
});

it("finds the cell under a point, and none between panels", () => {
  const panel = layout.panels[1]!;
  const y = panel.y + 2.5 * layout.cell.height;
  expect(placeAt(layout, 60 + 1.5 * layout.cell.width, y)).toEqual({ panel: 1, row: 2, col: 1 });
  expect(placeAt(layout, 100, panel.y - 5)).toBeNull();
  expect(placeAt(layout, 10, y)).toBeNull();
});

it("drops dimensions of length one from rows and columns", () => {
  const thin = { dims: ["site", "layer"], coords: { site: ["z"], layer: [0, 1] } };
  expect(heatLayout(thin, options)).toMatchObject({ rowDim: null, colDim: "layer" });
  const single = { dims: ["site"], coords: { site: ["z"] } };
  expect(heatLayout(single, options).panels[0]!.cells).toEqual([0]);
});

it("writes numbers upright, at round steps, where columns are narrow", () => {
  const coords = { layer: [0, 1], neuron: Array.from({ length: 400 }, (_, i) => i) };
  const wide = heatLayout({ dims: ["layer", "neuron"], coords }, { ...options, labelWidth: 25 });
  expect(wide).toMatchObject({ slanted: false, labelEvery: 5, cell: { width: 8 } });
});

it("moves over panel borders by keys, and stops at the ends", () => {
  const at = { panel: 0, row: 2, col: 3 };
  expect(step(layout, at, "ArrowDown", false)).toEqual({ panel: 1, row: 0, col: 3 });
  expect(step(layout, at, "ArrowRight", false)).toEqual(at);
  expect(step(layout, at, "Home", true)).toEqual({ panel: 0, row: 0, col: 0 });
  expect(step(layout, at, "x", false)).toBeNull();
});

it("marks rectangles by keys and corners, and keeps them within a panel", () => {
  const at = { panel: 0, row: 1, col: 1 };
  let brush = stretch(layout, { from: at, to: at }, "ArrowRight", false);
  brush = stretch(layout, brush, "ArrowDown", false);
  const cells = cellsIn(layout, brush);
  expect(cells.map((index) => pointOf(grid, index))).toEqual(
    [1, 2].flatMap((layer) => [1, 2].map((position) => ({ site: "attn_out", layer, position }))),
  );
  expect(stretch(layout, brush, "ArrowDown", false).to).toEqual({ panel: 0, row: 2, col: 2 });
  expect(cellsIn(layout, brushOf(layout, cells[3]!, cells[0]!)!)).toEqual(cells);
  expect(brushOf(layout, 0, 12)).toBeNull();
});

it("turns its axes round on request, and keeps every cell where it belongs", () => {
  const turned = heatLayout(grid, { ...options, axes: { row: "position", col: "site" } });
  expect(turned).toMatchObject({ rowDim: "position", colDim: "site" });
  for (const index of [0, 7, 23]) {
    expect(cellIndex(turned, placeOf(turned, index)!)).toBe(index);
  }
  expect(heatLayout(grid, { ...options, axes: { row: "key", col: "site" } })).toMatchObject({
    rowDim: "layer",
  });
});

it("puts neurons into blocks that fit, each shown by its strongest", () => {
  const coords = { layer: [0, 1], neuron: Array.from({ length: 100 }, (_, i) => i) };
  const shape = { dims: ["layer", "neuron"], coords };
  const blocked = heatLayout(shape, { ...options, width: 200 });
  expect(blocked).toMatchObject({ block: 8 });
  expect(blocked.cols).toHaveLength(13);
  expect(membersOf(blocked, 196)).toEqual([196, 197, 198, 199]);
  const values = Array.from({ length: 200 }, (_, i) => (i === 21 ? -5 : i === 22 ? null : 1));
  const shown = strongest(blocked, values);
  expect(cellIndex(shown, { panel: 0, row: 0, col: 2 })).toBe(21);
  expect(placeOf(shown, 23)).toEqual({ panel: 0, row: 0, col: 2 });
  const all = cellsIn(shown, {
    from: { panel: 0, row: 0, col: 0 },
    to: { panel: 0, row: 1, col: 12 },
  });
  expect(all).toEqual(Array.from({ length: 200 }, (_, i) => i));
});
