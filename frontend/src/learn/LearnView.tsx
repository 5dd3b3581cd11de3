import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useLearnJob } from "../api/awaited";
import { RunCancelled } from "../api/jobs";
import { asApiError } from "../api/problem";
import { useCancelJob, useModel } from "../api/queries";
import { NoModel } from "../app/NoModel";
import { useWaiting } from "../app/useWaiting";
import { GLOSSARY, GROUPS, type WordId } from "../lib/glossary";
import { LESSONS, type Lesson, useAside } from "../state/aside";
import { Term } from "../ui/Term";
import { Button, cx, Notice, Panel } from "../ui/ui";
import { begin } from "./begin";
import css from "./learn.module.css";
import { LESSON_TEXTS, promptOf } from "./lessons";
import { cannot, caveat } from "./possible";

/** The four tasks, and the words. */
export default function LearnView({ word }: { word: string | null }) {
  const [, go] = useLocation();
  const { done, lesson, step, facts, set } = useAside();
  const model = useModel();
  const info = model.data?.info;
  const [busy, setBusy] = useState<Lesson | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (word) document.getElementById(`word-${word}`)?.scrollIntoView({ block: "center" });
    else document.getElementById("main")?.scrollTo(0, 0);
  }, [word]);

  const start = async (which: Lesson) => {
    if (!info) return;
    setBusy(which);
    setError(null);
    try {
      if (!(await begin(which, 0, info))) go(`/learn/${which}/1`);
    } catch (reason) {
      if (!(reason instanceof RunCancelled)) setError(reason);
    } finally {
      setBusy(null);
    }
  };
  const asks = useLearnJob();
  const says = useWaiting(asks);
  const cancel = useCancelJob();
  const mine = facts && facts.digest === info?.model_digest ? facts : null;
  return (
    <div className={css.view}>
      <Panel title="Learn">
        <p className={css.lead}>
          Four short tasks with the <Term id="loaded">loaded model</Term>. You do each one yourself,
          in the workbench and the explorer; a slim panel beside them says what to try.
        </p>
        {model.data && !info && <NoModel loading={model.data.loading ?? null} />}
        {mine && (
          <p className={css.note}>
            With {info!.name}, they are about <q>{promptOf(mine.a)}</q>
            {mine.b && (
              <>
                {" "}
                and <q>{promptOf(mine.b)}</q>
              </>
            )}
            .
          </p>
        )}
        {mine && caveat(mine) && <Notice>{caveat(mine)}</Notice>}
        {Boolean(error) && <Notice kind="bad">{asApiError(error).message}</Notice>}
        {busy && asks && (
          <p role="status">
            {says ?? "Asking the model…"}{" "}
            <Button small disabled={cancel.isPending} onClick={() => cancel.mutate(asks)}>
              Cancel
            </Button>
          </p>
        )}
        <ol className={css.tasks}>
          {LESSONS.map((each) => {
            const { title, says, steps } = LESSON_TEXTS[each];
            const current = lesson === each && step < steps.length && mine;
            const begins = busy === each ? "Asking the model…" : current ? "Begin again" : "Begin";
            const impossible = info ? cannot(each, info, mine) : null;
            return (
              <li key={each} className={cx(css.task, done.includes(each) && css.done)}>
                <h3>
                  {title} {done.includes(each) && <small>done</small>}
                </h3>
                <p>{says}</p>
                {impossible ? (
                  <p className={css.note}>{impossible}</p>
                ) : (
                  <span className={css.steps}>
                    {current && (
                      <Button look="primary" onClick={() => go(`/learn/${each}/${step + 1}`)}>
                        Go on at step {step + 1}
                      </Button>
                    )}
                    <Button
                      look={current ? "quiet" : "plain"}
                      disabled={!info || busy !== null}
                      aria-label={`${begins}: ${title}`}
                      onClick={() => start(each)}
                    >
                      {begins}
                    </Button>
                  </span>
                )}
              </li>
            );
          })}
        </ol>
        {done.length > 0 && (
          <p>
            <Button small look="quiet" onClick={() => set({ done: [], lesson: null })}>
              Forget what is done
            </Button>
          </p>
        )}
      </Panel>
      <Panel title="Words">
        {GROUPS.map(({ title, ids }) => (
          <section key={title}>
            <h3 className={css.group}>{title}</h3>
            <dl className={css.words}>
              {ids.map((id) => (
                <div key={id} id={`word-${id}`} className={cx(id === word && css.current)}>
                  <dt>{GLOSSARY[id as WordId].term}</dt>
                  <dd>{GLOSSARY[id as WordId].plain}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </Panel>
    </div>
  );
}
