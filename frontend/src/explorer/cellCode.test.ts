import { expect, it } from "vitest";
import { cellCode, parseCell, parseRange } from "./cellCode";

const grid = {
  dims: ["site", "layer", "position"],
  coords: { site: ["attn_out", "mlp_out"], layer: [2, 4], position: [0, 1, 5] },
};

it("writes every cell so that it is found again", () => {
  for (let index = 0; index < 12; index++) {
    expect(parseCell(grid, cellCode(grid, index))).toBe(index);
  }
  expect(cellCode(grid, 11)).toBe("mlp_out.L4.P5");
  expect(cellCode({ dims: ["site"], coords: { site: ["z"] } }, 0)).toBe("z");
});

it("takes a bare index, and nothing that the grid lacks", () => {
  expect(parseCell(grid, "7")).toBe(7);
  for (const bad of ["12", "L4.P5", "mlp_out.L3.P5", "z.L4.P5", "", "L", "x.y"]) {
    expect(parseCell(grid, bad)).toBeNull();
  }
  expect(parseRange(grid, "attn_out.L2.P0..attn_out.L4.P1")).toEqual([0, 4]);
  expect(parseRange(grid, "attn_out.L2.P0")).toBeNull();
});
