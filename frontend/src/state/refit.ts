// A question that was begun from one model's example, on another model.
import type { Draft } from "./draft";
import { same } from "./url";

interface Old {
  before: Draft;
  /** The prompt that it took values from. */
  source: string;
}

const ANSWERS: readonly (keyof Draft)[] = ["answer", "foil", "answerFor", "foilFor", "answerBy"];

/** Keeps what somebody has written; what is still the old example's becomes the new one's. */
export function refit(draft: Draft, { before, source }: Old, example: Draft): Draft {
  const isOld = (field: keyof Draft): boolean => {
    if (same(draft[field], before[field])) return true;
    // What the old model said is no answer of the new one.
    if (ANSWERS.includes(field)) return draft.answerBy === "model";
    // Nor is its source prompt, and a sweep that was offered with it.
    if (field === "over") return borrows(draft.op, source);
    return (field === "op" || field === "edits") && borrows(draft[field], source);
  };
  const fields = Object.keys(draft) as (keyof Draft)[];
  const kept = fields.filter((field) => !isOld(field));
  const next = { ...example, ...Object.fromEntries(kept.map((field) => [field, draft[field]])) };
  // Metrics of an answer that is no longer there.
  const gone = (["answer", "foil"] as const).filter(
    (field) => draft[field] !== "" && next[field] !== draft[field],
  );
  const names = gone.map((field) => JSON.stringify(draft[field]));
  const metrics = next.metrics.filter((metric) => {
    const text = JSON.stringify(metric);
    return !names.some((name) => text.includes(name));
  });
  return { ...next, metrics: metrics.length ? metrics : [{ kind: "kl" }] };
}

function borrows(what: Draft["op"] | Draft["edits"], source: string): boolean {
  return source !== "" && JSON.stringify(what).includes(JSON.stringify(source));
}
