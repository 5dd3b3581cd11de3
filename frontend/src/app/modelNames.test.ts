import { expect, it } from "vitest";
import { byModel, otherModel } from "./modelNames";

const atlas = { id: "atlas", model_digest: "1a2b3c4d5e6f" };
const newer = { id: "atlas", model_digest: "ffff00001111" };

it("tells two models apart by their digests, and says nothing without a loaded one", () => {
  expect(otherModel(atlas, newer)).toEqual({
    stored: "atlas (1a2b3c4d)",
    loaded: "atlas (ffff0000)",
  });
  expect(otherModel(atlas, { ...atlas, id: "renamed" })).toBeNull();
  expect(otherModel(atlas, null)).toBeNull();
  expect(otherModel(undefined, atlas)).toBeNull();
});

it("names both sides at once where they are of one model", () => {
  const sides = (a: typeof atlas, b: typeof atlas) =>
    byModel([
      { what: "A", model: a },
      { what: "B", model: b },
    ]).map(({ what }) => what);
  expect(sides(atlas, atlas)).toEqual(["A and B"]);
  expect(sides(atlas, newer)).toEqual(["A", "B"]);
});
