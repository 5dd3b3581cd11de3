// The questions that most people begin with.
import type { MetricKind, ModelInfo, Op, Over, Site } from "../api/types";
import type { Draft } from "../state/draft";
import { makeMetric } from "../state/metrics";

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
    id: "layers",
    label: "Which layers matter?",
    says: "zero attention and MLP, one layer at a time",
    needs: "always",
    apply: (draft) => ({
      op: ZERO,
      over: { sites: ["attn_out", "mlp_out"], layers: "all" } satisfies Over,
      metrics: withKinds(draft, ["kl", "prob"]),
    }),
  },
  {
    id: "where",
    label: "Where does the answer move?",
    says: "patch the stream from another prompt: layer × position",
    needs: "always",
    apply: (draft) => ({
      op: patchFrom(draft.op),
      over: { sites: ["resid_pre"], layers: "all", positions: "all" } satisfies Over,
      metrics: withKinds(draft, ["kl", "prob", "logit_diff", "recovered"]),
    }),
  },
  {
    id: "heads",
    label: "Which heads?",
    says: "zero one attention head at a time",
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
    says: "zero one neuron of the MLPs at a time",
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
