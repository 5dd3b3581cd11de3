import { expect, it } from "vitest";
import type { Job } from "../api/types";
import { jobLine, queueLine, waitingWords } from "./queueWords";

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
  const running = job({ done: 21, total: 84, elapsed_s: 4, eta_s: 12 });
  expect(queueLine([job({ state: "queued" }), job({ state: "queued" }), running])).toBe(
    "sweep 21/84 · 12 s left · 2 more queued",
  );
  expect(queueLine([job({ state: "queued", kind: "run" })])).toBe("run queued");
});

it("takes the time that is left from the server alone", () => {
  expect(queueLine([job({ done: 40, total: 84, elapsed_s: 4 })])).toBe("sweep 40/84");
  expect(jobLine(job({ done: 1, total: 84, eta_s: 70 }))).toBe("1 of 84, 1:10 min left");
});

it("says what is before a job that waits", () => {
  const at = (n: number) => `2026-01-01T00:00:0${n}`;
  const busy = job({ id: "b", created_at: at(1) });
  const own = job({ id: "own", kind: "run", state: "queued", created_at: at(3) });
  const ahead = job({ id: "c", kind: "run", state: "queued", created_at: at(2) });
  const behind = job({ id: "d", kind: "run", state: "queued", created_at: at(4) });
  expect(waitingWords("own", [behind, own, ahead, busy])).toBe(
    "Waiting for a sweep and 1 more job",
  );
  expect(waitingWords("own", [own, { ...busy, kind: "run" }])).toBe("Waiting for another run");
  expect(waitingWords("own", [own, { ...busy, state: "done" }])).toBe("Waiting for the model");
  expect(waitingWords("own", [{ ...own, state: "running" }])).toBeNull();
  expect(waitingWords("else", [own, busy])).toBeNull();
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
