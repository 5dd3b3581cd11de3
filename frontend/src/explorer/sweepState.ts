// What a sweep's state means for whoever looks at its grid. Every sentence follows from the numbers.
import type { components } from "../api/schema";
import type { GridData, Job } from "../api/types";
import { waitingWords } from "../app/queueWords";
import { count } from "../lib/format";

type SweepState = components["schemas"]["SweepState"];

export interface Standing {
  kind: "info" | "warn" | "bad";
  title: string;
  says: string;
  /** What the button that runs the missing cells is called; null where nothing is missing. */
  resume: string | null;
}

interface Cells {
  total: number;
  /** Cells that have not run. */
  pending: number;
  /** Cells that have run and failed. */
  failed: number;
}

export function cellsOf(grid: GridData): Cells {
  const first = Object.values(grid.status)[0] ?? [];
  return {
    total: grid.top.length,
    pending: first.filter((status) => status === "pending").length,
    failed: Object.keys(grid.errors ?? {}).length,
  };
}

/** Null for a sweep that is complete, or that is running. */
export function standing(
  state: string | undefined,
  reasons: readonly string[],
  { total, pending, failed }: Cells,
  firstError: string | undefined,
): Standing | null {
  const done = total - pending;
  const kept = `${done.toLocaleString("en")} of ${count(total, "cell")} have run and are kept.`;
  const missing = pending > 0 ? `Run the ${count(pending, "missing cell")}` : null;
  const why = reasons.filter((reason) => reason !== "cancelled").join(" ");
  switch (state) {
    case "completed_with_errors":
      return {
        kind: "warn",
        title: "Completed with errors",
        says: `Every cell was tried; ${count(failed, "cell")} failed and ${failed === 1 ? "is" : "are"} crossed${firstError ? `: ${firstError}` : "."}`,
        resume: `Try the ${count(failed, "failed cell")} again`,
      };
    case "cancelled":
      return {
        kind: "warn",
        title: "Cancelled",
        says: `${kept} The hatched ones have not run: they are not 0.`,
        resume: missing,
      };
    case "failed":
      return {
        kind: "bad",
        title: "Stopped by an error",
        says: `${why ? `${why.replace(/\.?$/, ".")} ` : ""}${kept}`,
        resume: missing,
      };
    default:
      return state !== "running" && pending > 0
        ? { kind: "warn", title: "Partial", says: kept, resume: missing }
        : null;
  }
}

/** The same of a sweep that stopped before its clean run, which has no grid to show. */
export function standingOf(sweep: SweepState): Standing | null {
  const pending = sweep.total - sweep.done;
  const cells = { total: sweep.total, pending, failed: 0 };
  return standing(sweep.summary.state, sweep.reasons ?? [], cells, undefined);
}

/** What a sweep without cells does: waits, and for what, or prepares. */
export function preparingWords(
  job: string | null,
  total: number | undefined,
  jobs: readonly Job[],
): string {
  const cells = total ? `, then ${count(total, "cell")}` : "";
  const waits = job && waitingWords(job, jobs);
  if (waits) return `${waits}${cells}.`;
  return job ? `Preparing${cells}.` : "Reading the grid.";
}
