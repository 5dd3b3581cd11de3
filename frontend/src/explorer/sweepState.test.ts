import { expect, it } from "vitest";
import { preparingWords, standing } from "./sweepState";

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

const job = (id: string, kind: string, state: string, created_at: string) =>
  ({ id, kind, state, created_at }) as never;

it("says what a sweep without cells waits for, and how many cells it will have", () => {
  const own = job("s", "sweep", "queued", "3");
  const verify = job("v", "verify", "running", "1");
  expect(preparingWords("s", 2304, [own, verify])).toBe(
    "Waiting for a result that is verified, then 2,304 cells.",
  );
  expect(preparingWords("s", 36, [own, verify, job("r", "run", "queued", "2")])).toContain(
    "and 1 more job",
  );
  expect(preparingWords("s", 36, [job("s", "sweep", "running", "3")])).toBe(
    "Preparing, then 36 cells.",
  );
  expect(preparingWords(null, undefined, [])).toBe("Reading the grid.");
});
