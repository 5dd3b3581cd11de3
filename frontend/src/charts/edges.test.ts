import { expect, test } from "vitest";
import { edgesOf, revealed, seenAt } from "./edges";
import { heatLayout } from "./heatLayout";
import { barAt, placeAt } from "./places";

const coords = { layer: [...Array(42).keys()], position: [...Array(512).keys()] };
const layout = heatLayout(
  { dims: ["layer", "position"], coords },
  {
    ...{ width: 900, left: 60, top: 30, gap: 0, labelWidth: 20 },
    ...{ minCell: 10, maxCellWidth: 90, maxCellHeight: 40, targetHeight: 440 },
  },
);
const size = { width: layout.width + 66, height: layout.height + 46 };
const view = { scrollLeft: 1000, scrollTop: 0, clientWidth: 900, clientHeight: 500 };

test("what is seen whole has no edges; a wide one keeps its labels and its bars in sight", () => {
  expect(edgesOf(layout, size, size.width, true)).toEqual([]);
  const sides = (seen: number, bars: boolean) =>
    edgesOf(layout, size, seen, bars).map(({ side }) => side);
  expect(sides(900, true)).toEqual(["left", "right"]);
  expect(sides(900, false)).toEqual(["left"]);
  expect(sides(360, true)).toEqual(["left"]);
  const tall = { ...size, height: 900 };
  expect(edgesOf(layout, tall, 900, true).map(({ side }) => side)).toEqual([
    ...["left", "right", "top", "corner"],
  ]);
});

test("a point over an edge is what is seen there, not the cell that lies beneath", () => {
  const edges = edgesOf(layout, size, 900, true);
  const under = (x: number) => seenAt(edges, view, view.scrollLeft + x, 100);
  expect(placeAt(layout, ...under(59))).toBeNull();
  expect(placeAt(layout, ...under(61))).toMatchObject({ col: 100 });
  expect(barAt(layout, ...under(890))).toEqual({ panel: 0, row: 7, col: null });
});

test("a bar is that of its row, or of its column", () => {
  const below = layout.panels[0]!.y + layout.panelHeight + 20;
  expect(barAt(layout, layout.left + 25, below)).toEqual({ panel: 0, row: null, col: 2 });
  expect(barAt(layout, layout.width + 20, layout.panels[0]!.y + 1)).toMatchObject({ row: 0 });
  expect(barAt(layout, layout.width + 20, below)).toBeNull();
  expect(barAt(layout, 10, below)).toBeNull();
});

test("keys bring a cell between the edges", () => {
  const edges = edgesOf(layout, size, 900, true);
  const box = (x: number) => ({ x, y: 100, width: 10, height: 10 });
  expect(revealed(edges, view, box(1050)).left).toBe(1050 - 60);
  expect(revealed(edges, view, box(1830)).left).toBe(1840 - (900 - 66));
  expect(revealed(edges, view, box(1200)).left).toBe(1000);
});
