import { expect, it } from "vitest";
import { ApiError } from "../api/problem";
import { editAt, faultAt, hasField, inWords } from "./faultAt";

const problem = {
  type: "",
  title: "",
  status: 422,
  detail: "3 draws from 1 prompts.",
  pointer: "/edits/0/op/draws",
  hint: "Draw less.",
};

it("speaks at the field that the server points to, and at no other", () => {
  expect(faultAt(problem, "/edits/0/op/draws", false)).toBe("3 draws from 1 prompts. Draw less.");
  expect(faultAt(problem, "/edits/0/op", false)).not.toBeNull();
  expect(faultAt(problem, "/edits/0/op", true)).toBeNull();
  expect(faultAt(problem, "/edits/0/op/dra", false)).toBeNull();
  expect(faultAt(problem, "/edits/1/op/draws", false)).toBeNull();
  expect(faultAt(null, "", false)).toBeNull();
});

it("says in the page's words what the server says of a spec, and where", () => {
  const lengths = {
    ...problem,
    detail: "The prompts differ in length.",
    pointer: "/edits/0/op/positions",
    hint: "give `positions`: pairs [position here, position in the source].",
  };
  expect(inWords(lengths)).toBe(
    "The prompts differ in length. Pair their tokens below, or give prompts of equal length.",
  );
  expect(inWords({ ...problem, detail: "`recovered` waits." })).toMatch(/^Recovered waits\./);
  expect(hasField(new ApiError(lengths))).toBe(true);
  expect(hasField(new ApiError({ ...problem, pointer: "/edits" }))).toBe(false);
  expect(editAt(new ApiError(lengths))).toEqual({ group: "edits", index: 0 });
});
