import { expect, it } from "vitest";
import type { CaptureEntry } from "../api/types";
import { entryName, hasDirections, indicesOf, targetOf, vectorName } from "./entry";

const heads = {
  name: "z.1",
  site: "z",
  layer: 1,
  dims: ["position", "head", "d_head"],
  coords: { position: null, head: [2], d_head: null },
  shape: [3, 1, 32],
} as unknown as CaptureEntry;
const tokens = [" The", " Eiffel", " Tower"].map((text, index) => ({ index, id: index, text }));

it("names what was selected, and where a vector comes from", () => {
  expect(entryName(heads, tokens as never)).toBe("head 2 of layer 1");
  expect(targetOf(heads)).toEqual({ site: "z", layer: 1, head: 2 });
  expect(vectorName(heads, { position: 1, head: 2 }, tokens as never)).toBe(
    "head 2 of layer 1 at ␣Eiffel",
  );
  expect(indicesOf(heads, "head")).toEqual([2]);
  expect(indicesOf(heads, "position")).toEqual([0, 1, 2]);
});

it("gives no direction of probabilities or of a part of the neurons", () => {
  expect(hasDirections(heads)).toBe(true);
  expect(hasDirections({ ...heads, site: "pattern" })).toBe(false);
  const neurons = { ...heads, dims: ["position", "neuron"], coords: { neuron: [1, 4] } };
  expect(hasDirections(neurons as never)).toBe(false);
});
