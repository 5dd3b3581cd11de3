import { Link } from "wouter";
import { useCancelJob } from "../api/queries";
import type { Job } from "../api/types";
import { count, duration } from "../lib/format";
import { Bar, Button } from "../ui/ui";
import css from "./shell.module.css";

/** "sweep 31/84 · 0:12 left · 2 queued", with a way to stop it. */
export function QueueChip({ jobs }: { jobs: readonly Job[] }) {
  const cancel = useCancelJob();
  const running = jobs.find((job) => job.state === "running");
  const queued = jobs.filter((job) => job.state === "queued");
  const shown = running ?? queued.at(-1);
  if (!shown) return <span className={css.idle}>idle</span>;

  const left = eta(shown);
  const counted = shown.total ? `${shown.done ?? 0}/${shown.total}` : (shown.phase ?? "");
  const waiting = queued.length - (running ? 0 : 1);
  const text = [
    `${running ? shown.kind : `${shown.kind} queued`} ${counted}`.trim(),
    left && `${left} left`,
    waiting > 0 && `${count(waiting, "more queued", "more queued")}`,
  ].filter(Boolean);
  return (
    <div className={css.queue}>
      <div className={css.queueText}>
        {shown.kind === "sweep" && shown.subject ? (
          <Link href={`/s/${shown.subject}`}>{text.join(" · ")}</Link>
        ) : (
          text.join(" · ")
        )}
        <Bar done={shown.done ?? 0} total={shown.total} label={`Progress of the ${shown.kind}`} />
      </div>
      <Button
        look="quiet"
        icon="close"
        aria-label={`Cancel the ${shown.kind}`}
        onClick={() => cancel.mutate(shown.id)}
      />
    </div>
  );
}

function eta({ done = 0, total, elapsed_s = 0 }: Job): string | null {
  if (!total || done < 2 || elapsed_s < 0.5) return null;
  return duration((elapsed_s / done) * (total - done));
}
