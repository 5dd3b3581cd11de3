import { expect, it } from "vitest";
import { EXAMPLE } from "../state/draft";
import { firstQuestion, PRESETS } from "./presets";

it("begins the example with its first card", () => {
  const first = firstQuestion(EXAMPLE);
  expect(first?.over).toEqual({ sites: ["resid_pre"], layers: "all", positions: "all" });
  expect(first?.metrics?.map(({ kind }) => kind)).toContain("recovered");
  expect(PRESETS[0]!.id).toBe("where");
});

it("leaves alone what somebody has asked", () => {
  expect(firstQuestion({ ...EXAMPLE, prompt: "My dog likes to eat" })).toBeNull();
  expect(
    firstQuestion({ ...EXAMPLE, op: { kind: "mean", reference: { prompts: ["x"] } } }),
  ).toBeNull();
  expect(firstQuestion({ ...EXAMPLE, metrics: [{ kind: "js" }] })).not.toHaveProperty("metrics");
});
