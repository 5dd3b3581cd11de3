// The last draft is kept in this browser, so that a closed tab or a restart loses nothing.
import { asOver } from "./accept";
import { type Draft, EXAMPLE, fromSpec, toRun, toSweep, useDraft } from "./draft";
import { same } from "./url";

const KEY = "neuronscope.draft";
const DEBOUNCE_MS = 300;

export function written(draft: Draft): string {
  const { answer, foil, answerFor, foilFor, answerBy } = draft;
  return JSON.stringify({
    run: toRun(draft),
    sweep: toSweep(draft),
    answer,
    foil,
    answerFor,
    foilFor,
    answerBy,
  });
}

/** The draft that was written; null for what is damaged or of another version. */
export function read(text: string | null): Draft | null {
  if (!text) return null;
  try {
    const { run, sweep, answer, foil, answerFor, foilFor, answerBy } = JSON.parse(text);
    const draft = { ...fromSpec(run, EXAMPLE), answer, foil };
    if (answerFor !== undefined) Object.assign(draft, { answerFor, answerBy: answerBy ?? "hand" });
    if (foilFor !== undefined) Object.assign(draft, { foilFor });
    return { ...draft, op: sweep.op, over: asOver(sweep.over) };
  } catch {
    return null;
  }
}

/** Takes up the draft of last time, and keeps the current one from now on. */
export function keepDrafts(storage: Storage): void {
  const last = read(storage.getItem(KEY));
  if (last && !same(last, EXAMPLE)) useDraft.setState({ draft: last, grown: false });
  let timer: ReturnType<typeof setTimeout>;
  useDraft.subscribe(({ draft }, before) => {
    if (draft === before.draft) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      try {
        // An example is of one model: the next one that is loaded has its own.
        if (same(draft, useDraft.getState().example)) storage.removeItem(KEY);
        else storage.setItem(KEY, written(draft));
      } catch {
        // No room is left: the address still holds the draft.
      }
    }, DEBOUNCE_MS);
  });
}
