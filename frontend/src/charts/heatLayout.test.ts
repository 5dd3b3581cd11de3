import { expect, it } from "vitest";
import { cellIndex, flatIndex, heatLayout, placeAt, placeOf, pointOf, step } from "./heatLayout";

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
