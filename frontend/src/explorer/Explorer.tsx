import { useMutation } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { isLookedAt, useFormJob } from "../api/awaited";
import { useFollow } from "../api/follow";
import { useGoOn } from "../api/jobs";
import { asApiError } from "../api/problem";
import { useCancelJob, useGrid, useJobs, useModel, useStartSweep, useSweep } from "../api/queries";
import type { SweepSpec } from "../api/types";
import { NoModel } from "../app/NoModel";
import { useWaiting } from "../app/useWaiting";
import { useKeys, useShowWhenNarrow } from "../lib/hooks";
import { lookAtFault } from "../question/faultAt";
import { upToDate } from "../question/follow";
import { toSweep, useDraft } from "../state/draft";
import { forgetSweep } from "../state/last";
import { useDraftUrl } from "../state/useDraftUrl";
import { Button, Empty, Notice, Panel } from "../ui/ui";
import css from "./explorer.module.css";
import { GridPanel } from "./GridPanel";
import { useLastSweep } from "./lastSweep";
import { SweepForm } from "./SweepForm";
import { Preparing, Stopped } from "./SweepStatus";
import { preparingWords, standingOf } from "./sweepState";

/** A sweep's form beside its grid, which fills while the sweep runs. */
export function Explorer({ id }: { id: string | null }) {
  const [, go] = useLocation();
  const { draft } = useDraft();
  const model = useModel();
  const info = model.data?.info;
  const sweep = useSweep(id);
  const start = useStartSweep();
  const cancel = useCancelJob();
  const jobId = sweep.data?.job ?? null;
  const progress = useFollow(jobId, id);
  const begun = sweep.data && (!jobId || sweep.data.done > 0 || (progress?.done ?? 0) > 0);
  const grid = useGrid(id, Boolean(begun));
  const differs = useDraftUrl({
    id,
    stored: (grid.data?.spec as SweepSpec | undefined) ?? null,
    toSpec: toSweep,
  });

  const { mutate: run, isPending } = useMutation({
    mutationFn: async () => {
      const asked = await upToDate("sweep", ({ op }) => [op]);
      const made = await start.mutateAsync(toSweep(asked));
      if (isLookedAt("sweep")) go(`/s/${made.id}`);
    },
    // The form says what was refused.
    onError: lookAtFault,
  });
  useGoOn("sweep", run);
  const pending = useFormJob();
  const asking = isPending || pending !== null;
  const says = useWaiting(pending);
  useKeys({
    r: () => info && draft.prompt !== "" && !asking && run(),
    ".": () => (pending ?? jobId) && cancel.mutate((pending ?? jobId)!),
  });

  const shown = useShowWhenNarrow(grid.data?.spec_hash);
  const jobs = useJobs().data ?? [];
  useLastSweep(id, Boolean(grid.data));
  const startNew = () => {
    forgetSweep();
    go("/s");
  };

  if (model.data && !info && !id) return <NoModel loading={model.data.loading ?? null} />;
  const error = sweep.error ?? grid.error;
  const stands = sweep.data && !jobId ? standingOf(sweep.data) : null;
  return (
    <div className={css.explorer}>
      <div className={css.form}>
        {info && (
          <SweepForm
            info={info}
            top={grid.data?.spec.prompt === draft.prompt ? grid.data.clean.top : []}
            running={asking}
            says={says}
            onCancel={pending ? () => cancel.mutate(pending) : null}
            error={start.error}
            onRun={run}
          />
        )}
        {model.data && !info && <NoModel loading={model.data.loading ?? null} />}
      </div>
      <div className={css.result} ref={shown}>
        {grid.data ? (
          <GridPanel
            key={grid.data.spec_hash + id}
            grid={grid.data}
            state={sweep.data ?? null}
            progress={progress}
            differs={differs}
            onCancel={jobId ? () => cancel.mutate(jobId) : null}
            onNew={startNew}
          />
        ) : error && id ? (
          <Panel title="Grid">
            {stands ? (
              <Stopped id={id} standing={stands} />
            ) : (
              <Notice kind="bad">{asApiError(error).message}</Notice>
            )}
            <Button onClick={startNew}>Back to the form</Button>
          </Panel>
        ) : id ? (
          <Panel title="Grid">
            <Preparing
              says={preparingWords(jobId, sweep.data?.total, jobs)}
              onCancel={jobId ? () => cancel.mutate(jobId) : null}
            />
          </Panel>
        ) : (
          <Panel title="Grid">
            <Empty title="The same edit, everywhere.">
              <p>
                A sweep makes one edit at every layer, position or head in turn, and draws what each
                did. Choose a question on the left, then press <b>Run sweep</b>. The grid fills
                while it runs.
              </p>
            </Empty>
          </Panel>
        )}
      </div>
    </div>
  );
}
