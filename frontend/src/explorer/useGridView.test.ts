import { expect, it } from "vitest";
import type { GridData } from "../api/types";
import { readView } from "./useGridView";

const grid = {
  dims: ["site", "layer", "position"],
  coords: { site: ["resid_pre"], layer: [0, 1], position: [0, 1, 2] },
  metrics: { kl: {}, "prob:7": {} },
} as unknown as GridData;

it("shows a grid as a person first sees it where the address asks for nothing", () => {
  const view = readView(grid, "");
  expect(view).toMatchObject({
    metric: "prob:7",
    axes: null,
    clip: "p99",
    block: null,
    scale: "linear",
    cell: null,
    marked: null,
    run: null,
  });
  expect([view.palette(true), view.palette(false)]).toEqual(["RdBu", "Viridis"]);
});

it("reads the whole view from the address", () => {
  const search =
    "?metric=kl&grid=position,layer&colours=PuOr&clip=max&block=4&cell=L1.P2&marked=L0.P1..L1.P2&run=ab";
  const view = readView(grid, search);
  expect(view).toMatchObject({
    metric: "kl",
    axes: { row: "position", col: "layer" },
    clip: "max",
    block: 4,
    cell: 5,
    marked: [1, 5],
    run: "ab",
  });
  // Colours of signed values leave those of unsigned ones alone.
  expect([view.palette(true), view.palette(false)]).toEqual(["PuOr", "Viridis"]);
});

it("leaves out what the grid does not have", () => {
  const view = readView(grid, "?metric=js&cell=L7.P0&marked=L0.P0..L9.P9&block=-2&colours=Rainbow");
  expect(view).toMatchObject({ metric: "prob:7", cell: null, marked: null, block: null });
  expect(view.palette(true)).toBe("RdBu");
});

it("shows first what tells the source's answer from damage, where it is defined", () => {
  const recovered = { kind: "recovered", label: "recovered", unit: "fraction", clean: 0 };
  const two = { ...grid, metrics: { ...grid.metrics, rec: recovered } };
  const status = (each: string) =>
    ({ ...two, status: { rec: [each, each] } }) as unknown as GridData;
  expect(readView(status("ok"), "").metric).toBe("rec");
  expect(readView(status("undefined"), "").metric).toBe("prob:7");
});
