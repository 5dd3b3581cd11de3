import { expect, it } from "vitest";
import { standing } from "./sweepState";

const cells = (pending: number, failed = 0) => ({ total: 84, pending, failed });

it("says nothing of what is complete or running", () => {
  expect(standing("complete", [], cells(0), undefined)).toBeNull();
  expect(standing("running", [], cells(30), undefined)).toBeNull();
});

it("tells what is kept, and offers what is missing", () => {
  expect(standing("cancelled", ["cancelled"], cells(53), undefined)).toMatchObject({
    kind: "warn",
    resume: "Run the 53 missing cells",
  });
  expect(standing("cancelled", [], cells(1), undefined)!.resume).toBe("Run the 1 missing cell");
  expect(standing("cancelled", [], cells(53), undefined)!.says).toContain("31 of 84 cells");
});

it("gives the reason where the server had one", () => {
  const failed = standing("failed", ["the server ended while the sweep ran"], cells(4), undefined)!;
  expect(failed.kind).toBe("bad");
  expect(failed.says).toMatch(/^the server ended while the sweep ran\. 80 of 84/);
  expect(failed.resume).toBe("Run the 4 missing cells");
});

it("tells failed cells from missing ones", () => {
  const some = standing("completed_with_errors", [], cells(0, 3), "out of memory")!;
  expect(some.says).toContain("3 cells failed and are crossed: out of memory");
  expect(some.resume).toBe("Try the 3 failed cells again");
});
