import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { isActive } from "../api/keys";
import { useCancelJob } from "../api/queries";
import type { Job } from "../api/types";
import { Term } from "../ui/Term";
import { Bar, Button, cx } from "../ui/ui";
import css from "./drawers.module.css";
import { jobLine, queueLine } from "./queueWords";

const ENDED_SHOWN = 5;

/** "sweep 31/84 · 0:12 left · 2 more queued"; a click lists the jobs, each with a way to stop it. */
export function QueueChip({ jobs }: { jobs: readonly Job[] }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      box.current?.querySelector("button")?.focus();
    };
    window.addEventListener("pointerdown", onPointer);
    window.addEventListener("keydown", onEscape);
    return () => {
      window.removeEventListener("pointerdown", onPointer);
      window.removeEventListener("keydown", onEscape);
    };
  }, [open]);

  const running = jobs.find((job) => job.state === "running");
  const shown = running ?? jobs.filter((job) => job.state === "queued").at(-1);
  return (
    <div className={css.queue} ref={box}>
      <button
        type="button"
        className={css.chip}
        aria-expanded={open}
        aria-label={`Queue: ${queueLine(jobs)}`}
        title="What the model is working on, and what waits"
        onClick={() => setOpen(!open)}
      >
        <span>{queueLine(jobs)}</span>
        {shown && (
          <Bar done={shown.done ?? 0} total={shown.total} label={`Progress of the ${shown.kind}`} />
        )}
      </button>
      {open && <QueueList jobs={jobs} />}
    </div>
  );
}

function QueueList({ jobs }: { jobs: readonly Job[] }) {
  const cancel = useCancelJob();
  const active = jobs.filter(isActive).reverse();
  const ended = jobs.filter((job) => !isActive(job)).slice(0, ENDED_SHOWN);
  return (
    <section className={css.queueList} aria-label="Queue">
      <h2>
        <Term id="queue">Now and next</Term>
      </h2>
      {active.length === 0 && <p>Nothing runs and nothing waits.</p>}
      <ul>
        {active.map((job) => (
          <li key={job.id}>
            <span>
              <JobName job={job} /> <small>{jobLine(job)}</small>
            </span>
            <Button
              small
              disabled={cancel.isPending && cancel.variables === job.id}
              onClick={() => cancel.mutate(job.id)}
              aria-label={`Cancel the ${job.kind}`}
            >
              Cancel
            </Button>
          </li>
        ))}
      </ul>
      {ended.length > 0 && (
        <>
          <h2>Lately</h2>
          <ul>
            {ended.map((job) => (
              <li key={job.id} className={cx(job.state === "failed" && css.failed)}>
                <span>
                  <JobName job={job} /> <small>{jobLine(job)}</small>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function JobName({ job }: { job: Job }) {
  const view = job.kind === "sweep" ? "s" : job.kind === "run" ? "e" : null;
  if (view && job.subject) return <Link href={`/${view}/${job.subject}`}>{job.kind}</Link>;
  return (
    <b>
      {job.kind}
      {job.kind === "load" && job.subject ? ` ${job.subject}` : ""}
    </b>
  );
}
