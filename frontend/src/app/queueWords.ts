// The queue in words.
import type { Job } from "../api/types";
import { count, duration } from "../lib/format";

/** The server's estimate of what is left; null where it has none yet. */
export function timeLeft({ eta_s }: Pick<Job, "eta_s">): string | null {
  return eta_s ? duration(eta_s) : null;
}

const DOES: Record<string, string> = {
  load: "a model that is loading",
  unload: "a model that is unloaded",
  verify: "a result that is verified",
  run: "a run",
  sweep: "a sweep",
  capture: "a capture",
  check: "a check of the model",
};

/** "Waiting for a sweep and 2 more jobs": what is before a job that waits; null once it runs. */
export function waitingWords(id: string, jobs: readonly Job[]): string | null {
  const own = jobs.find((job) => job.id === id);
  if (own?.state !== "queued") return null;
  const busy = jobs.find(({ state }) => state === "running");
  const ahead = jobs.filter(
    (job) => job.state === "queued" && job.id !== id && job.created_at < own.created_at,
  ).length;
  const what = busy && (DOES[busy.kind] ?? busy.kind);
  const first = busy?.kind === own.kind ? what?.replace(/^a /, "another ") : what;
  const more = ahead > 0 ? ` and ${count(ahead, "more job")}` : "";
  return `Waiting for ${first ?? "the model"}${more}`;
}

/** "sweep 31/84 · 12 s left · 2 more queued", or "idle". */
export function queueLine(jobs: readonly Job[]): string {
  const running = jobs.find((job) => job.state === "running");
  const queued = jobs.filter((job) => job.state === "queued");
  const shown = running ?? queued.at(-1);
  if (!shown) return "idle";
  const left = running && timeLeft(running);
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
    const left = timeLeft(job);
    return `${total ? `${done} of ${total}` : phase || "running"}${left ? `, ${left} left` : ""}`;
  }
  if (state === "failed") return `failed: ${String(error?.detail ?? error?.title ?? "no reason")}`;
  if (state === "done" && kind === "load") return `loaded in ${duration(elapsed_s)}`;
  const share = total && done < total ? ` after ${done} of ${total}` : "";
  return `${state.replaceAll("_", " ")}${share} in ${duration(elapsed_s)}`;
}
