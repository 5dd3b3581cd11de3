// The questions that most people begin with.
import type { MetricKind, ModelInfo, Op, Over, Site } from "../api/types";
import { type Draft, EXAMPLE } from "../state/draft";
import { makeMetric } from "../state/metrics";
import { same } from "../state/url";

export interface Preset {
  id: string;
  label: string;
  says: string;
  needs: "always" | "heads" | "neurons";
  apply: (draft: Draft) => Partial<Draft>;
}

function withKinds(draft: Draft, kinds: MetricKind[]): Draft["metrics"] {
  return kinds.map((kind) => makeMetric(kind, draft.answer, draft.foil));
}

const ZERO: Op = { kind: "zero" };
const patchFrom = (op: Op): Op =>
  op.kind === "patch" ? op : { kind: "patch", source_prompt: "The Colosseum is in" };

export const PRESETS: readonly Preset[] = [
  {
    id: "where",
    label: "Which layer, at which word?",
    says: "swap in another prompt’s values, one layer and one word at a time",
    needs: "always",
    apply: (draft) => ({
      op: patchFrom(draft.op),
      over: { sites: ["resid_pre"], layers: "all", positions: "all" } satisfies Over,
      metrics: withKinds(draft, ["kl", "prob", "logit_diff", "recovered"]),
    }),
  },
  {
    id: "layers",
    label: "Which layers?",
    says: "set attention or MLP to zero, one layer at a time, at all words at once",
    needs: "always",
    apply: (draft) => ({
      op: ZERO,
      over: { sites: ["attn_out", "mlp_out"], layers: "all" } satisfies Over,
      metrics: withKinds(draft, ["kl", "prob"]),
    }),
  },
  {
    id: "heads",
    label: "Which heads?",
    says: "set one attention head to zero at a time",
    needs: "heads",
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
    needs: "neurons",
    apply: (draft) => ({
      op: ZERO,
      over: { sites: ["mlp_act"], layers: "all", neurons: "all" } satisfies Over,
      metrics: withKinds(draft, ["kl", "prob"]),
    }),
  },
];

/** Those that the loaded model can be asked. */
export function presetsFor(info: ModelInfo): Preset[] {
  const certified = (site: Site) => info.sites.some((each) => each.site === site && each.certified);
  return PRESETS.filter(
    ({ needs }) =>
      needs === "always" || (needs === "heads" ? Boolean(info.n_heads) : certified("mlp_act")),
  );
}

/** The first question, where nothing has been asked of the example yet; null otherwise. */
export function firstQuestion(draft: Draft): Partial<Draft> | null {
  const untouched =
    same(draft.prompt, EXAMPLE.prompt) &&
    same([draft.op, draft.over], [EXAMPLE.op, EXAMPLE.over]) &&
    draft.held.length === 0;
  if (!untouched) return null;
  const { op, over, metrics } = PRESETS[0]!.apply(draft);
  return same(draft.metrics, EXAMPLE.metrics) ? { op, over, metrics } : { op, over };
}
