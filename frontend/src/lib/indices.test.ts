import { expect, it } from "vitest";
import { commonEnds, parseIndices, parsePairs, showIndices } from "./indices";

it("reads and writes lists of indices", () => {
  expect(parseIndices("0-3, 7 -1")).toEqual({ ok: true, value: [0, 1, 2, 3, 7, -1] });
  expect(showIndices([0, 1, 2, 3, 7, -1])).toBe("0-3, 7, -1");
  expect(parseIndices("3-1")).toMatchObject({ ok: false });
  expect(parseIndices("x")).toMatchObject({ ok: false });
});

it("reads pairs of positions", () => {
  expect(parsePairs("0:0, 4:6")).toEqual({
    ok: true,
    value: [
      [0, 0],
      [4, 6],
    ],
  });
  expect(parsePairs("4")).toMatchObject({ ok: false });
});

it("matches equal tokens from both ends, each once", () => {
  expect(commonEnds([1, 2, 9, 5], [1, 2, 7, 8, 5])).toEqual([
    [0, 0],
    [1, 1],
    [3, 4],
  ]);
  expect(commonEnds([1, 1], [1, 1, 1])).toEqual([
    [0, 0],
    [1, 1],
  ]);
});
