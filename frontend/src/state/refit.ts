// A question that was begun from one model's example, on another model.
import type { Draft } from "./draft";
import { same } from "./url";

/** Keeps what somebody has written; what is still the old example's becomes the new one's. */
export function refit(draft: Draft, before: Draft, example: Draft): Draft {
  const fields = Object.keys(draft) as (keyof Draft)[];
  const kept = fields.filter((field) => !same(draft[field], before[field]));
  const next = { ...example, ...Object.fromEntries(kept.map((field) => [field, draft[field]])) };
  // Metrics of an answer that is no longer there.
  const gone = (["answer", "foil"] as const).filter(
    (field) => before[field] !== "" && next[field] !== before[field],
  );
  const names = gone.map((field) => JSON.stringify(before[field]));
  const metrics = next.metrics.filter((metric) => {
    const text = JSON.stringify(metric);
    return !names.some((name) => text.includes(name));
  });
  return { ...next, metrics: metrics.length ? metrics : [{ kind: "kl" }] };
}
