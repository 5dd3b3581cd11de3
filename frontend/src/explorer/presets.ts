// The questions that most people begin with, fitted to the loaded model.
import type { MetricKind, ModelInfo, Op, Over } from "../api/types";
import { METRICS, SITES } from "../lib/words";
import type { Draft } from "../state/draft";
import { type Example, isCertified, partsOf } from "../state/example";
import { makeMetric } from "../state/metrics";
import { same } from "../state/url";

export interface Preset {
  id: string;
  label: string;
  says: string;
  apply: (draft: Draft) => Partial<Draft>;
}

export const WHERE_LABEL = "Which layer, at which word?";

/** Metrics of these kinds, as far as the answer and the foil that they need are chosen. */
function withKinds({ answer, foil }: Draft, kinds: MetricKind[]): Draft["metrics"] {
  const has = { "": true, answer: answer !== "", foil: answer !== "" && foil !== "" };
  return kinds
    .filter((kind) => has[METRICS[kind].needs])
    .map((kind) => makeMetric(kind, answer, foil));
}

const ZERO: Op = { kind: "zero" };

/** Those that the loaded model can be asked. */
export function presetsFor(info: ModelInfo, example: Example): Preset[] {
  const parts = partsOf(info);
  const patchFrom = (op: Op): Op =>
    op.kind === "patch" ? op : { kind: "patch", source_prompt: example.source };
  const names = parts.map((site) => (site === "mlp_out" ? "MLP" : SITES[site].label.toLowerCase()));
  const all: (Preset & { can: boolean })[] = [
    {
      id: "where",
      label: WHERE_LABEL,
      says: "swap in another prompt’s values, one layer and one word at a time",
      can: isCertified(info, "resid_pre"),
      apply: (draft) => ({
        op: patchFrom(draft.op),
        over: { sites: ["resid_pre"], layers: "all", positions: "all" } satisfies Over,
        metrics: withKinds(draft, ["kl", "prob", "logit_diff", "recovered"]),
      }),
    },
    {
      id: "layers",
      label: "Which layers?",
      says: `set ${names.join(" or ")} to zero, one layer at a time, at all words at once`,
      can: parts.some((site) => isCertified(info, site)),
      apply: (draft) => ({
        op: ZERO,
        over: { sites: parts, layers: "all" } satisfies Over,
        metrics: withKinds(draft, ["kl", "prob"]),
      }),
    },
    {
      id: "heads",
      label: "Which heads?",
      says: "set one attention head to zero at a time",
      can: Boolean(info.n_heads) && isCertified(info, "z"),
      apply: (draft) => ({
        op: ZERO,
        over: { sites: ["z"], layers: "all", heads: "all" } satisfies Over,
        metrics: withKinds(draft, ["kl", "prob"]),
      }),
    },
    {
      id: "neurons",
      label: "Which neurons?",
      says: "set one neuron of the MLPs to zero at a time",
      can: isCertified(info, "mlp_act"),
      apply: (draft) => ({
        op: ZERO,
        over: { sites: ["mlp_act"], layers: "all", neurons: "all" } satisfies Over,
        metrics: withKinds(draft, ["kl", "prob"]),
      }),
    },
  ];
  return all.filter(({ can }) => can);
}

/**
 * The first question, where nothing has been asked of the example yet. Null otherwise, and where
 * no prompt is known from which this model could take values.
 */
export function firstQuestion(
  draft: Draft,
  info: ModelInfo,
  example: Example,
): Partial<Draft> | null {
  const { prompt, op: zero, over: wide, metrics: usual } = example.draft;
  const untouched =
    same(draft.prompt, prompt) &&
    same([draft.op, draft.over], [zero, wide]) &&
    draft.held.length === 0;
  const where = presetsFor(info, example).find(({ id }) => id === "where");
  if (!untouched || !where || example.source === "") return null;
  const { op, over, metrics } = where.apply(draft);
  return same(draft.metrics, usual) ? { op, over, metrics } : { op, over };
}
