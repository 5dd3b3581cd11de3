import { expect, it } from "vitest";
import type { CellStatus } from "../api/types";
import { domainOf, table } from "./colour";
import { heatLayout } from "./heatLayout";
import { heatScene } from "./heatScene";
import { legendScene, onLegend } from "./legendScene";
import { lollipopScene, valueAxis } from "./lollipop";
import { alongBar } from "./marginalScene";
import type { Mark } from "./scene";
import { extremeOf, flips, marginals, summarise } from "./summaries";

const grid = {
  dims: ["layer", "position"],
  coords: { layer: [0, 1], position: [0, 1, 2] },
};
const layout = heatLayout(grid, {
  width: 400,
  left: 40,
  top: 30,
  gap: 0,
  minCell: 7,
  maxCellWidth: 50,
  maxCellHeight: 40,
  targetHeight: 100,
  labelWidth: 10,
});
const values = [1, -2, null, 4, null, null];
const status: CellStatus[] = ["ok", "ok", "failed", "ok", "pending", "pending"];
const domain = domainOf(values, true);
const picture = {
  layout,
  values,
  status,
  domain,
  colours: table("RdBu"),
  rowLabels: ["0", "1"],
  colLabels: ["a", "b", "c"],
  panelTitles: [],
  cellText: (index: number) => String(values[index]),
  marginals: marginals(values, layout),
  running: false,
};
const of = <K extends Mark["kind"]>(marks: readonly Mark[], kind: K) =>
  marks.filter((mark): mark is Extract<Mark, { kind: K }> => mark.kind === kind);

it("never gives a colour of the scale to what has no value", () => {
  const { marks } = heatScene(picture, "shapes");
  expect(of(marks, "rect")).toHaveLength(3);
  const [pattern] = of(marks, "pattern");
  expect(pattern).toMatchObject({ pattern: "hatch", stroke: "--line-strong" });
  // Two neighbours share a box.
  expect(pattern!.boxes).toEqual([
    [40 + layout.cell.width, 30 + layout.cell.height, 2 * layout.cell.width, layout.cell.height],
  ]);
  expect(of(marks, "path").filter((mark) => mark.stroke === "--bad")).toHaveLength(1);
  const [image] = of(heatScene(picture, "pixels").marks, "image");
  const alpha = [...image!.pixels.rgba].filter((_, at) => at % 4 === 3);
  expect(alpha).toEqual([255, 255, 0, 255, 0, 0]);
  expect(of(heatScene({ ...picture, running: true }, "pixels").marks, "pattern")[0]).toMatchObject({
    pattern: "dots",
  });
});

it("gives files the colours that the page shows", () => {
  const [image] = of(heatScene(picture, "pixels").marks, "image");
  const pixel = [...image!.pixels.rgba.slice(0, 3)];
  expect(of(heatScene(picture, "shapes").marks, "rect")[0]!.fill).toBe(`rgb(${pixel.join()})`);
});

it("sums rows and columns over the cells that have a value", () => {
  const [sums] = picture.marginals;
  expect(sums!.rows[0]).toMatchObject({ n: 2, mean: -0.5, min: -2, max: 1 });
  expect(sums!.cols[0]).toMatchObject({ n: 2, mean: 2.5, maxAt: 3 });
  expect(sums!.cols[2]).toMatchObject({ n: 0, mean: null });
  expect(extremeOf(sums!.rows[0]!)).toBe(-2);
  expect(extremeOf(summarise(values, []))).toBeNull();
});

it("counts how many cells say another token, among those that say one", () => {
  const tops = [{ id: 7 }, { id: 8 }, null, { id: 9 }];
  expect(flips(tops, { id: 7 }, [0, 1, 2, 3])).toBe(2);
  expect(flips(tops, { id: 7 }, [2])).toBeNull();
  expect(flips(tops, undefined, [0])).toBeNull();
});

it("draws bars on the scale of the cells, with zero where the scale has it", () => {
  expect(alongBar(0, domain, 50)).toBe(25);
  expect(alongBar(domain.high, domain, 50)).toBe(50);
  expect(alongBar(0, domainOf([1, 2], false), 50)).toBe(0);
});

it("puts negative at the left of the legend, zero in the middle, and marks clipping", () => {
  expect(onLegend(0, domain, 300)).toBe(150);
  expect(onLegend(domain.low, domain, 300)).toBeLessThan(onLegend(domain.high, domain, 300));
  const clipped = { ...domain, above: 2 };
  const input = {
    domain: clipped,
    colours: picture.colours,
    floor: 0.5,
    controls: [{ name: "full patch", value: 9, spread: null }],
    show: String,
    width: 300,
  };
  const { marks } = legendScene(input);
  expect(of(marks, "text").map((mark) => mark.text)).toEqual(["-4", "0", "≥ 4"]);
  const [first] = of(marks, "rect");
  const last = of(marks, "rect").at(-1)!;
  const red = (fill: string) => Number(/\d+/.exec(fill)![0]);
  expect(red(first!.fill)).toBeGreaterThan(red(last.fill));
});

it("draws a stem for each value, and another shape where the top token flips", () => {
  const line = heatLayout(
    { dims: ["layer"], coords: { layer: [0, 1, 2, 3, 4, 5] } },
    {
      width: 400,
      left: 40,
      top: 30,
      gap: 0,
      minCell: 7,
      maxCellWidth: 50,
      maxCellHeight: 200,
      targetHeight: 200,
      labelWidth: 10,
    },
  );
  const scene = lollipopScene({
    layout: line,
    values,
    status,
    flipped: (index) => index === 3,
    scale: "linear",
    signed: true,
    floor: 0.5,
    show: String,
    colLabels: ["0", "1", "2", "3", "4", "5"],
    running: false,
  });
  const paths = of(scene.marks, "path");
  const moves = (d: string) => d.match(/M/g)?.length ?? 0;
  expect(moves(paths.find((mark) => mark.stroke === "--clean")!.d)).toBe(3);
  expect(moves(paths.find((mark) => mark.fill === "--clean")!.d)).toBe(2);
  expect(moves(paths.find((mark) => mark.fill === "--edited")!.d)).toBe(1);
  expect(of(scene.marks, "pattern")[0]!.boxes).toHaveLength(2);
});

it.each(["linear", "symlog"] as const)(
  "has zero on a %s axis, and larger above smaller",
  (kind) => {
    for (const some of [values, [3, 4], [-3], [0], []]) {
      const { y, ticks } = valueAxis(some, kind, 0, 200);
      expect(ticks).toContain(0);
      expect(y(1)).toBeLessThan(y(0));
      for (const tick of ticks) expect(Number.isFinite(y(tick))).toBe(true);
    }
  },
);
