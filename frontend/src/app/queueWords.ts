// The queue in words.
import type { Job } from "../api/types";
import { count, duration } from "../lib/format";

/** What is left, once two parts in some time tell a pace. */
export function eta({ done = 0, total, elapsed_s = 0 }: Job): string | null {
  if (!total || done < 2 || elapsed_s < 0.5 || done >= total) return null;
  return duration((elapsed_s / done) * (total - done));
}

/** "sweep 31/84 · 12 s left · 2 more queued", or "idle". */
export function queueLine(jobs: readonly Job[]): string {
  const running = jobs.find((job) => job.state === "running");
  const queued = jobs.filter((job) => job.state === "queued");
  const shown = running ?? queued.at(-1);
  if (!shown) return "idle";
  const left = running && eta(running);
  const counted = shown.total ? `${shown.done ?? 0}/${shown.total}` : (shown.phase ?? "");
  const waiting = queued.length - (running ? 0 : 1);
  return [
    `${running ? shown.kind : `${shown.kind} queued`} ${counted}`.trim(),
    left && `${left} left`,
    waiting > 0 && count(waiting, "more queued", "more queued"),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** How one job stands. */
export function jobLine(job: Job): string {
  const { state, kind, done = 0, total, phase, elapsed_s = 0, error } = job;
  if (state === "queued") return "waits";
  if (state === "running") {
    const parts = [total ? `${done} of ${total}` : phase || "running", eta(job)];
    return parts[1] ? `${parts[0]}, ${parts[1]} left` : parts[0]!;
  }
  if (state === "failed") return `failed: ${String(error?.detail ?? error?.title ?? "no reason")}`;
  if (state === "done" && kind === "load") return `loaded in ${duration(elapsed_s)}`;
  const share = total && done < total ? ` after ${done} of ${total}` : "";
  return `${state.replaceAll("_", " ")}${share} in ${duration(elapsed_s)}`;
}
