import { useCallback, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { useBenchJob } from "../api/awaited";
import { asApiError } from "../api/problem";
import { useCancelJob, useModel, useRecord } from "../api/queries";
import type { Result, RunSpec } from "../api/types";
import { NoModel } from "../app/NoModel";
import { useWaiting } from "../app/useWaiting";
import { useKeys, useShowWhenNarrow } from "../lib/hooks";
import { asChosen, asList } from "../lib/indices";
import { SITES } from "../lib/words";
import { Fault, FaultScope } from "../question/Faults";
import { MetricPicker } from "../question/MetricPicker";
import { PromptField } from "../question/PromptField";
import { useLengthFault, useSource } from "../question/source";
import { toRun, useDraft } from "../state/draft";
import { sourceOf } from "../state/sources";
import { same } from "../state/url";
import { useDraftUrl } from "../state/useDraftUrl";
import { Term } from "../ui/Term";
import { Button, Empty, Notice, Panel, styles } from "../ui/ui";
import { CostLine } from "./CostLine";
import { EditPanel } from "./EditPanel";
import { shiftLayer } from "./keysOf";
import { ResultPanel } from "./ResultPanel";
import { useAsk } from "./useAsk";
import css from "./workbench.module.css";

/** One question, one answer: prompt and edits on the left, what they did on the right. */
export function Workbench({ id }: { id: string | null }) {
  const [, go] = useLocation();
  const { draft, example, group, selected, change, update, load } = useDraft();
  const model = useModel();
  const record = useRecord(id);
  const { run, start: ask, asking } = useAsk();
  const pending = useBenchJob();
  const says = useWaiting(pending);
  const cancel = useCancelJob();
  const info = model.data?.info;
  const result = record.data?.result.kind === "run" ? (record.data.result as Result) : null;
  const differs = useDraftUrl({
    id,
    stored: (result?.spec as RunSpec | undefined) ?? null,
    toSpec: toRun,
  });

  // A sweep's id at this address: its own view shows it.
  const isSweep = record.data?.result.kind === "sweep";
  useEffect(() => {
    if (isSweep && id) go(`/s/${id}`, { replace: true });
  }, [isSweep, id, go]);

  const edit = draft[group][selected];
  const all = [...draft.edits, ...draft.held];
  const unequal = useLengthFault(draft.prompt, all);
  const source = useSource(draft.prompt, sourceOf(edit?.op));
  const running = asking || pending !== null;
  const canRun = Boolean(info) && draft.prompt !== "" && !running && !unequal;
  const start = useCallback(() => {
    if (!canRun) return;
    ask();
  }, [canRun, ask]);
  const startOver = () => {
    load(example);
    go("/w");
  };
  const stop = () => pending && cancel.mutate(pending);
  const layers = info?.n_layers ?? 0;
  useKeys({
    r: start,
    "mod+enter": start,
    ".": stop,
    "[": () => change({ [group]: shiftLayer(draft[group], selected, -1, layers) }),
    "]": () => change({ [group]: shiftLayer(draft[group], selected, 1, layers) }),
  });

  const answer = useShowWhenNarrow(result?.spec_hash);
  const shown = run.data && run.data.id === id && result ? run.submittedAt : 0;
  useEffect(() => {
    const headline = shown ? answer.current?.querySelector("[data-headline]") : null;
    headline?.scrollIntoView({ block: "nearest" });
  }, [shown, answer]);

  if (model.data && !info && !id) return <NoModel loading={model.data.loading ?? null} />;

  // What was refused is said as long as it is still what is asked.
  const refused = same(run.variables, toRun(draft)) ? run.error : null;
  const chosen = edit ? asList(edit.target.position) : null;
  const mapped = edit?.op.kind === "patch" && Boolean(edit.op.positions);
  const toggle = (index: number) => {
    if (!edit || !SITES[edit.target.site].axes.includes("position")) return;
    const kept = chosen ?? [];
    const next = kept.includes(index)
      ? kept.filter((each) => each !== index)
      : [...kept, index].sort((a, b) => a - b);
    const { position: _, ...rest } = edit.target;
    const at = asChosen(next);
    update({ ...edit, target: at === null ? rest : { ...rest, position: at } });
  };

  return (
    <div className={css.bench}>
      <div className={css.question}>
        <Panel
          title="Question"
          actions={
            <span className={css.tools}>
              {!same(toRun(draft), toRun(example)) && (
                <Button
                  look="quiet"
                  title="Back to the example; undo brings your draft back"
                  onClick={startOver}
                >
                  Start over
                </Button>
              )}
              {pending && (
                <Button onClick={stop} disabled={cancel.isPending} title="Cancel the run (key .)">
                  Cancel
                </Button>
              )}
              <Button
                look="primary"
                onClick={start}
                disabled={!canRun}
                title="Run (key r, or Ctrl+Enter)"
              >
                {running ? "Running…" : "Run"} <span className={styles.kbd}>r</span>
              </Button>
            </span>
          }
        >
          <CostLine can={Boolean(info) && !unequal} refused={refused} waits={unequal} says={says} />
          <PromptField
            label="Prompt"
            word="prompt"
            prompt={draft.prompt}
            onChange={(prompt) => change({ prompt })}
            chosen={chosen}
            onToggle={edit ? toggle : undefined}
            readPosition={draft.readPosition}
            differs={source.differHere}
          >
            <FaultScope error={refused} base="">
              <Fault at="/prompt" />
            </FaultScope>
          </PromptField>
          <p className={css.note}>
            {edit ? (
              <>
                The edit acts at {chosen ? "the marked" : mapped ? "the paired" : "every"}{" "}
                <Term id="position">{chosen || mapped ? "positions" : "position"}</Term>
                {chosen ? "." : "; click tokens to restrict it."}
              </>
            ) : (
              "No edit is chosen: Run shows what the model says."
            )}
          </p>
          <FaultScope error={refused} base="">
            <MetricPicker
              ops={draft.edits.map(({ op }) => op)}
              top={result?.spec.prompt === draft.prompt ? result.clean.top : []}
            />
          </FaultScope>
        </Panel>
      </div>
      {info ? (
        <EditPanel info={info} error={refused} />
      ) : (
        model.data && <NoModel loading={model.data.loading ?? null} />
      )}
      <div className={css.answer} ref={answer} aria-busy={running}>
        {record.error && (
          <Panel title="Result">
            <Notice kind="bad">{asApiError(record.error).message}</Notice>
            <Button onClick={() => go("/w")}>Back to the draft</Button>
          </Panel>
        )}
        {result && record.data ? (
          <ResultPanel
            record={record.data}
            result={result}
            differs={differs}
            onRun={start}
            running={running}
          />
        ) : (
          !record.error && (
            <Panel title="Result">
              <Empty
                title={
                  running || (id && record.isPending)
                    ? (says ?? "Running…")
                    : draft.edits.length > 0
                      ? "Break one part, see what changes."
                      : "What comes next?"
                }
              >
                {draft.edits.length > 0 ? (
                  <p>
                    Press <b>Run</b>. The model reads the prompt twice: once untouched, once with
                    the edit. What differs in its next token is the effect of the edited part.
                  </p>
                ) : (
                  <p>
                    Press <b>Run</b> to see what the model says.
                  </p>
                )}
                <Button look="primary" onClick={start} disabled={!canRun}>
                  Run
                </Button>
                <p>
                  New to this? Four short tasks: <Link href="/learn">Learn</Link>.
                </p>
              </Empty>
            </Panel>
          )
        )}
      </div>
    </div>
  );
}
