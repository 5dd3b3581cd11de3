import { expect, it } from "vitest";
import { align, withoutPair, withPair } from "./align";

it("pairs prompts of equal length position by position, and marks what differs", () => {
  const { pairs, differHere, differThere } = align([1, 2, 3], [1, 9, 3]);
  expect(pairs).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
  expect([[...differHere], [...differThere]]).toEqual([[1], [1]]);
});

it("finds equal tokens behind a longer middle", () => {
  const { pairs, differHere, differThere } = align([1, 5, 6, 7, 8], [1, 20, 21, 22, 7, 8]);
  expect(pairs).toEqual([
    [0, 0],
    [3, 4],
    [4, 5],
  ]);
  expect([...differHere]).toEqual([1, 2]);
  expect([...differThere]).toEqual([1, 2, 3]);
});

it("pairs what stands between equal tokens where it is as long", () => {
  const { pairs, differHere } = align([1, 5, 2, 3, 4], [1, 9, 2, 4]);
  expect(pairs).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [4, 3],
  ]);
  expect([...differHere]).toEqual([1, 3]);
});

it("survives empty and very long prompts", () => {
  expect(align([], [1]).pairs).toEqual([]);
  const long = Array.from({ length: 3000 }, (_, i) => i);
  expect(align(long, [...long, 1]).pairs.length).toBeGreaterThanOrEqual(3000);
});

it("keeps one source for each position of a map", () => {
  const map = withPair([[0, 0]], 2, 5);
  expect(withPair(map, 2, 4)).toEqual([
    [0, 0],
    [2, 4],
  ]);
  expect(withoutPair(map, 0)).toEqual([[2, 5]]);
});
