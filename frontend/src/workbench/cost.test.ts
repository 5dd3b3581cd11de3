import { expect, it } from "vitest";
import { ApiError } from "../api/problem";
import type { RunPlan } from "../api/types";
import { forwardsOf, refusalOf } from "./cost";

const NONE = { clean: 0, unchanged: 0, edited: 0, plain: 0, source: 0, path: 0 };

function plan(forwards: Partial<RunPlan["forwards"]>, draws = 1): RunPlan {
  const all = { ...NONE, ...forwards };
  const n_forwards = Object.values(all).reduce((sum, each) => sum + each, 0);
  return { spec_hash: "", resolved: {}, draws, n_forwards, forwards: all, n_tokens: 0 };
}

it("says what each forward is for", () => {
  const one = { clean: 1, unchanged: 1, edited: 1 };
  expect(forwardsOf(plan(one))).toBe("clean, noise floor, edited");
  expect(forwardsOf(plan({ ...one, source: 2, plain: 1 }))).toBe(
    "clean, noise floor, edited, without held edits, 2 on other prompts",
  );
  expect(forwardsOf(plan({ clean: 8, unchanged: 8, edited: 8 }, 8))).toBe(
    "8 clean, 8 noise floor, 8 edited",
  );
});

function refused(type: string, pointer: string, status = 422): ApiError {
  return new ApiError({ type, title: "", status, detail: "No.", hint: "Do.", pointer });
}

it("leaves to the fields what they say themselves", () => {
  for (const pointer of [
    "/prompt",
    "/metrics/1/token",
    "/edits/0/op/source_prompt",
    "/edits/0/op/positions/1",
    "/metrics/0/of/answer",
    "/edits/2/op/direction/sha256",
  ]) {
    expect(refusalOf(refused("x", pointer))).toBeNull();
  }
  expect(refusalOf(refused("/problems/no-model", "", 409))).toBeNull();
  expect(refusalOf(refused("server-gone", "", 0))).toBeNull();
  expect(refusalOf(refused("overlapping-edits", "/edits/1/target"))).toBe("No. Do.");
  expect(refusalOf(refused("out-of-range", "/edits/1/target/position"))).toBe("No. Do.");
});
