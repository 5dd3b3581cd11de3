import { expect, it } from "vitest";
import type { Edit } from "../api/types";
import { shiftLayer } from "./keysOf";

const at = (layer: number | number[] | undefined): Edit => ({
  target: { site: "attn_out", layer },
  op: { kind: "zero" },
});

it("moves the chosen edit by one layer, and no other", () => {
  const moved = shiftLayer([at(0), at(3)], 1, -1, 6);
  expect(moved.map(({ target }) => target.layer)).toEqual([0, 2]);
});

it("moves several layers together, and stops at the ends", () => {
  expect(shiftLayer([at([1, 2])], 0, 1, 6)[0]!.target.layer).toEqual([2, 3]);
  const last = [at([4, 5])];
  expect(shiftLayer(last, 0, 1, 6)).toBe(last);
  const first = [at(0)];
  expect(shiftLayer(first, 0, -1, 6)).toBe(first);
});

it("leaves what has no layer", () => {
  const none = [at(undefined)];
  expect(shiftLayer(none, 0, 1, 6)).toBe(none);
  expect(shiftLayer([], 0, 1, 6)).toEqual([]);
});
