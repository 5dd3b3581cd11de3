import { expect, test } from "vitest";
import { kept } from "./memo";

test("a result is kept as long as all arguments are the same", () => {
  let calls = 0;
  const sum = kept((values: readonly number[], from?: number) => {
    calls += 1;
    return values.slice(from ?? 0).reduce((all, each) => all + each, 0);
  });
  const values = [1, 2, 3];
  expect([sum(values), sum(values), calls]).toEqual([6, 6, 1]);
  expect([sum(values, 1), calls]).toEqual([5, 2]);
  expect([sum([1, 2, 3], 1), calls]).toEqual([5, 3]);
});
