import type { Progress } from "../api/follow";
import { asApiError } from "../api/problem";
import { count, duration } from "../lib/format";
import { useSpoken } from "../lib/spoken";
import { Term } from "../ui/Term";
import { Bar, Button, Notice } from "../ui/ui";
import css from "./explorer.module.css";
import type { Standing } from "./sweepState";
import { useResume } from "./useResume";
import words from "./verdict.module.css";

interface RunningProps {
  progress: Progress | null;
  done: number;
  total: number;
  onCancel: () => void;
}

/** A sweep before its first cell: what it waits for, how many cells it will have, a way to stop. */
export function Preparing({ says, onCancel }: { says: string; onCancel: (() => void) | null }) {
  return (
    <div className={words.preparing}>
      <p role="status">{says}</p>
      <div className={words.moving} role="progressbar" aria-label="Preparing the sweep">
        <div />
      </div>
      {onCancel && (
        <Button small onClick={onCancel} title="Stop the sweep before it begins (key .)">
          Cancel
        </Button>
      )}
    </div>
  );
}

/** How far a sweep is, how long it will take, and a way to stop it. */
export function Running({ progress, done, total, onCancel }: RunningProps) {
  const text =
    progress?.state === "queued"
      ? "waiting in the queue; other results stay usable"
      : `${done} of ${count(total, "cell")}${progress?.eta_s ? ` · ${duration(progress.eta_s)} left` : ""}`;
  return (
    <div className={css.progress}>
      <span aria-hidden="true">{text}</span>
      <span role="status" className="visually-hidden">
        {useSpoken(text)}
      </span>
      <Bar done={done} total={total} label="Cells of the sweep" />
      <Button small onClick={onCancel} title="Stop the sweep; its finished cells stay (key .)">
        Cancel
      </Button>
    </div>
  );
}

/** Why a sweep is not complete, and the way to complete it. */
export function Stopped({ id, standing }: { id: string; standing: Standing }) {
  const resume = useResume();
  const refused = resume.error && !asApiError(resume.error).gone ? asApiError(resume.error) : null;
  return (
    <Notice kind={standing.kind}>
      <b>
        <Term id="partial">{standing.title}</Term>.
      </b>{" "}
      {standing.says}{" "}
      {standing.resume && (
        <Button small disabled={resume.isPending} onClick={() => resume.mutate(id)}>
          {standing.resume}
        </Button>
      )}
      {refused && (
        <p>
          {refused.message} {refused.problem.hint}
        </p>
      )}
    </Notice>
  );
}
