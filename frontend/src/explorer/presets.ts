// The questions that most people begin with, fitted to the loaded model.
import type { MetricKind, ModelInfo, Op, Over } from "../api/types";
import { METRICS, SITES } from "../lib/words";
import type { Draft } from "../state/draft";
import { type Example, isCertified, partsOf } from "../state/example";
import { makeMetric } from "../state/metrics";

export interface Preset {
  id: string;
  label: string;
  says: string;
  apply: (draft: Draft) => Partial<Draft>;
}

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
      id: "layers",
      label: "Which layers matter?",
      says: `zero ${names.join(" and ")}, one layer at a time`,
      can: parts.some((site) => isCertified(info, site)),
      apply: (draft) => ({
        op: ZERO,
        over: { sites: parts, layers: "all" } satisfies Over,
        metrics: withKinds(draft, ["kl", "prob"]),
      }),
    },
    {
      id: "where",
      label: "Where does the answer move?",
      says: "patch the stream from another prompt: layer × position",
      can: isCertified(info, "resid_pre"),
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
      says: "zero one neuron of the MLPs at a time",
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
