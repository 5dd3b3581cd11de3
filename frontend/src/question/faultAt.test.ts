import { expect, it } from "vitest";
import { faultAt } from "./faultAt";

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
