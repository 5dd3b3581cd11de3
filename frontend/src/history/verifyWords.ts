// What came of running a stored experiment again, in a sentence.
import type { components } from "../api/schema";
import { count, number } from "../lib/format";

export type Verification = components["schemas"]["Verification"];

export interface VerifySaid {
  kind: "good" | "warn" | "bad";
  says: string;
  details: string[];
}

const show = (value: unknown) => (typeof value === "number" ? number(value) : String(value));

export function verifyWords(found: Verification): VerifySaid {
  const compared = count(found.n_compared ?? 0, "value");
  const changed = (found.environment ?? []).map(
    ({ where, stored, found: now }) =>
      `It ran on something else: ${where.slice(1).replaceAll("/", " ")} was ${show(stored)} and is ${show(now)}.`,
  );
  const parts = (found.differences ?? [])
    .slice(0, 3)
    .map(
      ({ where, place, stored, found: now }) =>
        `${place || where.slice(1).replaceAll("/", " ")}: stored ${show(stored)}, now ${show(now)}.`,
    );
  const size = typeof found.max_difference === "number" ? number(found.max_difference) : "unknown";
  switch (found.verdict) {
    case "exact":
      return {
        kind: "good",
        says: `Verified: it ran again, and all of ${compared} came out the same, bit for bit.`,
        details: changed,
      };
    case "within_tolerance":
      return {
        kind: "good",
        says: `Verified: it ran again, and ${compared} agree. The largest difference is ${size}, and up to ${show(found.tolerance)} is allowed.`,
        details: changed,
      };
    case "mismatch":
      return {
        kind: "bad",
        says: `Not the same: ${count(found.n_differences ?? 0, "value")} of ${compared} came out otherwise (largest difference ${size}).`,
        details: [...parts, ...changed],
      };
    case "not_comparable":
      return {
        kind: "warn",
        says: "Not run again: the loaded model is not the one that this result is of, or the question means something else on it.",
        details: [...parts, ...changed],
      };
  }
}
