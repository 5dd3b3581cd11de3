import { expect, it } from "vitest";
import type { CaptureEntry } from "../api/types";
import { lengthsOf } from "./lengths";

const entry = (dims: string[], shape: number[], position: number[] | null = null) =>
  ({ dims, shape, coords: { position } }) as unknown as CaptureEntry;
const array = (shape: number[], values: number[]) => ({
  dtype: "float32" as const,
  shape,
  values: Float32Array.from(values),
});

it("gives the length of the vector at each position, over all heads", () => {
  const values = array([2, 2], [3, 4, 0, 2]);
  expect(lengthsOf(entry(["position", "d_model"], [2, 2]), values)).toEqual([
    { position: 0, length: 5, first: [3, 4] },
    { position: 1, length: 2, first: [0, 2] },
  ]);
  const heads = array([2, 2, 1], [1, 3, 2, 4]);
  expect(lengthsOf(entry(["head", "position", "d_head"], [2, 2, 1], [4, 5]), heads)).toEqual([
    { position: 4, length: Math.hypot(1, 2), first: [1, 2] },
    { position: 5, length: 5, first: [3, 4] },
  ]);
});

it("gives none where nothing is kept by position", () => {
  expect(lengthsOf(entry(["head", "d_head"], [1, 1]), array([1, 1], [1]))).toEqual([]);
});
