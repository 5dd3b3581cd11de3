import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useModel } from "../api/queries";
import { type Facts, LESSONS, type Lesson, useAside } from "../state/aside";
import { forgetSweep } from "../state/last";
import { Marked } from "../ui/Marked";
import { Button, Field, Notice, styles } from "../ui/ui";
import { begin } from "./begin";
import { CHECKS } from "./checks";
import css from "./learn.module.css";
import { LESSON_TEXTS } from "./lessons";
import { caveat } from "./possible";
import { usePlace } from "./usePlace";
import { useSeen } from "./useSeen";

/** A task beside the real interface: it says what to do, and waits until it has been done. */
export function LessonPanel({ lesson, facts }: { lesson: Lesson; facts: Facts }) {
  const [path, go] = useLocation();
  const info = useModel().data?.info;
  const { step, found, finding, done, set } = useAside();
  const key = `${lesson} ${step}`;
  const seen = useSeen(key);
  const { title, steps, end } = LESSON_TEXTS[lesson];
  const current = steps[step];
  const outcome = current ? CHECKS[lesson][step]!(seen, facts) : null;
  const known = caveat(facts, lesson);
  const says = outcome?.says ?? null;
  const met = outcome?.met ?? false;
  const learnt = outcome?.finding ?? null;
  useEffect(() => {
    if (met && says !== found) set({ found: says, ...(learnt && { finding: learnt }) });
  }, [met, says, learnt, found, set]);
  const view = viewOf(path, current?.at ?? "w");
  const away = current && view !== current.at && !(current.at === "s" && path.startsWith("/e/"));
  usePlace(current && !away ? current.place : null, key);
  const head = useFocusWhereLost(key);
  useLeaveWhenDone(!current, path);

  const [why, setWhy] = useState<string | null>(null);
  const turn = (to: number) => {
    set({
      step: to,
      found: null,
      ...(to >= steps.length && { done: [...new Set([...done, lesson])] }),
    });
    if (path.startsWith("/learn/")) go(`/learn/${lesson}/${to + 1}`, { replace: true });
  };
  const next = LESSONS[LESSONS.indexOf(lesson) + 1];
  const start = async (which: Lesson) => {
    if (!info) return;
    const refused = await begin(which, 0, info);
    setWhy(refused);
    if (!refused) go(`/learn/${which}/1`);
  };
  const tryOwn = () => {
    set({ lesson: null });
    forgetSweep();
    go("/s");
    focusPrompt();
  };
  return (
    <>
      <p className={css.progress} ref={head} tabIndex={-1}>
        {current ? `Step ${step + 1} of ${steps.length}: ${current.title}` : "Done"}
      </p>
      {current && away && (
        <p>
          This task goes on in the {NAMES[current.at]}.{" "}
          <Button small onClick={() => go(`/learn/${lesson}/${step + 1}`)}>
            Go to the {NAMES[current.at]}
          </Button>
        </p>
      )}
      {current && !away && (
        <>
          <p>{current.text(facts, info ?? undefined)}</p>
          {step === 0 && known && <Notice>{known}</Notice>}
          {lesson === "predict" && step === 0 && <Guess onGuess={(guess) => set({ guess })} />}
          <div role="status">
            {(found ?? says) && (
              <p className={found ? css.found : css.notYet}>
                <Marked text={found ?? says ?? ""} />
              </p>
            )}
          </div>
          {current.hint && !found && (
            <details className={css.hint}>
              <summary>A hint</summary>
              <p>{current.hint}</p>
            </details>
          )}
          <div className={css.steps}>
            <Button small look="quiet" disabled={step === 0} onClick={() => turn(step - 1)}>
              Back
            </Button>
            <Button
              look={found ? "primary" : "plain"}
              disabled={!found}
              title={found ? undefined : "When you have done this step"}
              onClick={() => turn(step + 1)}
            >
              {step + 1 < steps.length ? "Next" : "Finish"}
            </Button>
          </div>
        </>
      )}
      {!current && (
        <>
          {lesson === "locate" && finding && (
            <p className={css.found}>
              <Marked text={finding} />
            </p>
          )}
          <p>{end}</p>
          {why && <Notice>{why}</Notice>}
          <div className={css.steps}>
            <Button small onClick={() => go("/learn")}>
              All tasks
            </Button>
            {lesson === "locate" && (
              <Button look="primary" onClick={tryOwn}>
                Try your own pair
              </Button>
            )}
            {next && (
              <Button look="primary" disabled={!info} onClick={() => start(next)}>
                Next: {LESSON_TEXTS[next].title}
              </Button>
            )}
          </div>
        </>
      )}
      <span className="visually-hidden">{title}</span>
    </>
  );
}

const NAMES = { s: "Explorer", w: "Workbench" } as const;

/** Which of the two views an address shows; a task's own address shows the one its step needs. */
function viewOf(path: string, at: "w" | "s"): "w" | "s" | null {
  const [, first, second] = path.split("/");
  if (first === "learn" && second && second !== "words") return at;
  return first === "s" ? "s" : first === "w" || first === "e" ? "w" : null;
}

/** A task that is done makes room as soon as another view is opened. */
function useLeaveWhenDone(over: boolean, path: string): void {
  const view = path
    .split("/")
    .slice(0, 3)
    .join("/")
    .replace(/^\/([ews]).*/, "$1");
  const at = useRef<string | null>(null);
  useEffect(() => {
    if (!over) at.current = null;
    else if (at.current === null) at.current = view;
    else if (at.current !== view) useAside.getState().set({ lesson: null });
  }, [over, view]);
}

/** With a new step, keys go on at its words where what had the focus is gone or done with. */
function useFocusWhereLost(step: string) {
  const head = useRef<HTMLParagraphElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each new step
  useEffect(() => {
    const at = document.activeElement;
    if (at === document.body || head.current?.parentElement?.contains(at))
      head.current?.focus({ preventScroll: true });
  }, [step]);
  return head;
}

/** The prompt of the form, once the form is there, all of it selected. */
function focusPrompt(): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLTextAreaElement>("main textarea")?.select(),
  );
}

function Guess({ onGuess }: { onGuess: (guess: string) => void }) {
  const [text, setText] = useState(useAside.getState().guess);
  return (
    <form
      className={css.guess}
      onSubmit={(event) => {
        event.preventDefault();
        onGuess(text);
      }}
    >
      <Field label="Your guess">
        <input
          className={styles.input}
          value={text}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      <Button small type="submit" disabled={!text.trim()}>
        That is my guess
      </Button>
    </form>
  );
}
