import { expect, it } from "vitest";
import type { Result } from "../api/types";
import { resultTitle, shortened } from "./useTitle";

const tokens = [
  { index: 0, id: 5, text: "The" },
  { index: 1, id: 6, text: " end" },
];
const zero = { target: { site: "mlp_out", layer: 2 }, op: { kind: "zero" } };
const result = (spec: object) =>
  ({ kind: "run", tokens, spec: { prompt: "The end", edits: [], ...spec } }) as unknown as Result;

it("tells one result from another by what was done and to which prompt", () => {
  expect(resultTitle("", result({}))).toBe("no edit: The end");
  expect(resultTitle("", result({ edits: [zero, zero] }))).toBe(
    "zero MLP of layer 2 and 1 more: The end",
  );
  expect(resultTitle("My finding", result({ prompt: [5, 6] }))).toBe("My finding: The end");
});

it("keeps the beginning of a long prompt", () => {
  expect(shortened("a\nb  c")).toBe("a b c");
  expect(shortened("x".repeat(90))).toHaveLength(60);
});
