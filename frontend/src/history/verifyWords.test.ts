import { expect, it } from "vitest";
import { type Verification, verifyWords } from "./verifyWords";

const base = { id: "a", spec_hash: "h", n_compared: 29, n_differences: 0 };
const said = (rest: Partial<Verification>) =>
  verifyWords({ ...base, verdict: "exact", ...rest } as Verification);

it("tells exact from close", () => {
  expect(said({})).toMatchObject({ kind: "good", says: expect.stringContaining("bit for bit") });
  const close = said({ verdict: "within_tolerance", max_difference: 1e-7, tolerance: 1e-4 });
  expect(close.kind).toBe("good");
  expect(close.says).toMatch(/largest difference is 1e−7.*1e−4 is allowed/);
  expect(close.says).not.toContain("bit for bit");
});

it("says what differs, and what it ran on", () => {
  const { kind, says, details } = said({
    verdict: "mismatch",
    n_differences: 1,
    max_difference: 0.5,
    differences: [{ where: "/metrics/kl/edited", stored: 1, found: 1.5, place: "" }],
    environment: [{ where: "/torch", stored: "2.1", found: "2.2", place: "" }],
  });
  expect(kind).toBe("bad");
  expect(says).toContain("1 value of 29 values");
  expect(details.join(" ")).toMatch(
    /metrics kl edited: stored 1, now 1.5.*torch was 2.1 and is 2.2/,
  );
});

it("does not call what was not run a failure", () => {
  expect(said({ verdict: "not_comparable" })).toMatchObject({
    kind: "warn",
    says: expect.stringContaining("Not run again"),
  });
});
