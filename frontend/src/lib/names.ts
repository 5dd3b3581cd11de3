// Plain names for sites, targets, edits and metrics.
import type { Edit, Metric, MetricKind, Op, OpKind, Site, Target } from "../api/types";
import { number, visible } from "./format";
import { asList, showIndices } from "./indices";

interface SiteWords {
  short: string;
  label: string;
  meaning: string;
  axes: readonly ("layer" | "head" | "neuron" | "position")[];
}

export const SITES: Record<Site, SiteWords> = {
  embed: {
    short: "embed",
    label: "Embeddings",
    axes: ["position"],
    meaning: "the residual stream entering layer 0",
  },
  resid_pre: {
    short: "in",
    label: "Stream in",
    axes: ["layer", "position"],
    meaning: "the residual stream entering the layer",
  },
  attn_out: {
    short: "attn",
    label: "Attention",
    axes: ["layer", "position"],
    meaning: "what attention adds to the residual stream",
  },
  z: {
    short: "head",
    label: "Heads",
    axes: ["layer", "head", "position"],
    meaning: "one head's result, before the output projection",
  },
  mlp_out: {
    short: "MLP",
    label: "MLP",
    axes: ["layer", "position"],
    meaning: "what the MLP adds to the residual stream",
  },
  mlp_act: {
    short: "neurons",
    label: "Neurons",
    axes: ["layer", "neuron", "position"],
    meaning: "the MLP's neurons: what its down projection reads",
  },
  resid_post: {
    short: "out",
    label: "Stream out",
    axes: ["layer", "position"],
    meaning: "the residual stream leaving the layer",
  },
  final_norm: {
    short: "final norm",
    label: "Final norm",
    axes: ["position"],
    meaning: "the output of the last norm, which the unembedding reads",
  },
};

export const SITE_ORDER = Object.keys(SITES) as Site[];

export const OPS: Record<OpKind, { label: string; hint: string }> = {
  zero: { label: "Zero", hint: "Set it to 0: what is lost without it?" },
  mean: { label: "Mean", hint: "Replace it by its mean over other prompts" },
  patch: { label: "Patch", hint: "Take its value from a run on another prompt" },
  add: { label: "Add", hint: "Push it along a direction" },
};

export const METRICS: Record<
  MetricKind,
  { label: string; needs: "" | "answer" | "foil"; hint: string }
> = {
  kl: { label: "KL", needs: "", hint: "How far the whole next-token distribution moves, in nats" },
  js: {
    label: "JS",
    needs: "",
    hint: "A bounded distance of the two distributions (at most 0.69 nats)",
  },
  prob: { label: "Probability", needs: "answer", hint: "Probability of the answer" },
  log_prob: {
    label: "Log prob.",
    needs: "answer",
    hint: "Natural logarithm of the answer's probability",
  },
  rank: {
    label: "Rank",
    needs: "answer",
    hint: "Place of the answer among all tokens; 0 is the top",
  },
  logit_diff: { label: "Logit difference", needs: "foil", hint: "logit(answer) − logit(foil)" },
  recovered: {
    label: "Recovered",
    needs: "foil",
    hint: "How far a patch moves the logit difference from this prompt's value (0) to the source's (1)",
  },
};

/** `mlp_out.3`, `z.5.2@-1`, as the command line writes it. */
export function targetCode(target: Target): string {
  const within = target.head ?? target.neuron;
  const parts = [target.site as string];
  for (const part of [target.layer, within]) {
    if (part !== null && part !== undefined) parts.push(asList(part)!.join(","));
  }
  const at = asList(target.position);
  return parts.join(".") + (at ? `@${at.join(",")}` : "");
}

function plural(list: number[], one: string): string {
  return `${one}${list.length > 1 ? "s" : ""} ${showIndices(list)}`;
}

/** "the MLP of layer 0", "head 2 of layer 3". */
export function componentName(target: Target): string {
  const layers = asList(target.layer);
  const layer = layers ? plural(layers, "layer") : "every layer";
  const heads = asList(target.head);
  const neurons = asList(target.neuron);
  switch (target.site) {
    case "embed":
      return "the token embeddings";
    case "final_norm":
      return "the final norm’s output";
    case "resid_pre":
      return `the residual stream entering ${layer}`;
    case "resid_post":
      return `the residual stream leaving ${layer}`;
    case "attn_out":
      return `the attention of ${layer}`;
    case "mlp_out":
      return `the MLP of ${layer}`;
    case "z":
      return heads ? `${plural(heads, "head")} of ${layer}` : `all heads of ${layer}`;
    case "mlp_act":
      return neurons ? `${plural(neurons, "neuron")} of ${layer}` : `all neurons of ${layer}`;
  }
}

/** "L3.H2", "L0 MLP": for chips and map labels. */
export function shortName(target: Target): string {
  const layers = asList(target.layer);
  const layer = layers
    ? `L${showIndices(layers)}`
    : SITES[target.site].axes.includes("layer")
      ? "L*"
      : "";
  const heads = asList(target.head);
  const neurons = asList(target.neuron);
  if (target.site === "z") return `${layer}.${heads ? `H${showIndices(heads)}` : "heads"}`;
  if (target.site === "mlp_act")
    return `${layer}.${neurons ? `N${showIndices(neurons)}` : "neurons"}`;
  return `${layer} ${SITES[target.site].short}`.trim();
}

export function promptText(prompt: string | number[] | null | undefined): string {
  return Array.isArray(prompt) ? `token ids ${prompt.join(" ")}` : (prompt ?? "");
}

export function opName(op: Op): string {
  switch (op.kind) {
    case "mean":
      return `mean of ${op.reference.prompts.length}`;
    case "patch":
      return "patch";
    case "add":
      return `add ${number(op.scale ?? 1)}×`;
    default:
      return "zero";
  }
}

export function editKey(edit: Edit): string {
  return `${targetCode(edit.target)} ${edit.op.kind}`;
}

export function tokenName(token: string | number): string {
  return typeof token === "number" ? `#${token}` : visible(token);
}

export function metricName(metric: Metric): string {
  const label = METRICS[metric.kind ?? "kl"].label;
  if ("answer" in metric) return `${label} ${tokenName(metric.answer)} − ${tokenName(metric.foil)}`;
  if ("token" in metric) return `${label} ${tokenName(metric.token)}`;
  return label;
}
