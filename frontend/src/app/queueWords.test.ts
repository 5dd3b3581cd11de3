import { expect, it } from "vitest";
import type { Job } from "../api/types";
import { jobLine, queueLine } from "./queueWords";

const job = (fields: Partial<Job>): Job => ({
  id: "a",
  kind: "sweep",
  state: "running",
  created_at: "",
  ...fields,
});

it("says what runs, what is left, and how many wait", () => {
  expect(queueLine([])).toBe("idle");
  expect(queueLine([job({ state: "done" })])).toBe("idle");
  const running = job({ done: 21, total: 84, elapsed_s: 4 });
  expect(queueLine([job({ state: "queued" }), job({ state: "queued" }), running])).toBe(
    "sweep 21/84 · 12 s left · 2 more queued",
  );
  expect(queueLine([job({ state: "queued", kind: "run" })])).toBe("run queued");
});

it("gives no time left before there is a pace", () => {
  expect(queueLine([job({ done: 1, total: 84, elapsed_s: 4 })])).toBe("sweep 1/84");
});

it("says how each job ended, and why it failed", () => {
  expect(jobLine(job({ state: "queued" }))).toBe("waits");
  expect(jobLine(job({ state: "cancelled", done: 3, total: 12, elapsed_s: 2 }))).toBe(
    "cancelled after 3 of 12 in 2 s",
  );
  expect(jobLine(job({ state: "failed", error: { detail: "It does not fit." } }))).toBe(
    "failed: It does not fit.",
  );
  expect(jobLine(job({ state: "completed_with_errors", elapsed_s: 2 }))).toContain(
    "completed with errors",
  );
});
