// The words for sites, operations, directions and metrics, in the order in which they are offered.
import type { Direction, MetricKind, ModelInfo, OpKind, Site } from "../api/types";

export type AxisName = "layer" | "head" | "neuron" | "position" | "key";

interface SiteWords {
  short: string;
  label: string;
  meaning: string;
  axes: readonly AxisName[];
}

const STREAM = ["layer", "position"] as const;
const HEADS = ["layer", "head", "position"] as const;

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
    axes: STREAM,
    meaning: "the residual stream entering the layer",
  },
  attn_out: {
    short: "attn",
    label: "Attention",
    axes: STREAM,
    meaning: "what attention adds to the residual stream",
  },
  z: {
    short: "head",
    label: "Heads",
    axes: HEADS,
    meaning: "one head's result, before the output projection",
  },
  q: {
    short: "query",
    label: "Queries",
    axes: HEADS,
    meaning: "what a head looks for from each position, before any rotary embedding",
  },
  k: {
    short: "key",
    label: "Keys",
    axes: HEADS,
    meaning: "what each position is found by, before any rotary embedding",
  },
  v: {
    short: "value",
    label: "Values",
    axes: HEADS,
    meaning: "what a head takes from a position that it reads",
  },
  pattern: {
    short: "pattern",
    label: "Patterns",
    axes: ["layer", "head", "position", "key"],
    meaning: "how much a head reads of each position: the attention probabilities",
  },
  resid_mid: {
    short: "mid",
    label: "Stream mid",
    axes: STREAM,
    meaning: "the residual stream between attention and MLP",
  },
  mlp_out: {
    short: "MLP",
    label: "MLP",
    axes: STREAM,
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
    axes: STREAM,
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

/** Sites that a newcomer need not see at first: the steps by which a head gets to its result. */
export const INSIDE_ATTENTION: readonly Site[] = ["q", "k", "v", "pattern"];

const KEY_VALUE: readonly Site[] = ["k", "v"];

/** Whether the heads of all these sites are key-value heads, which a group of heads may share. */
export function keyValueHeads(sites: readonly Site[]): boolean {
  return sites.length > 0 && sites.every((site) => KEY_VALUE.includes(site));
}

/** How many heads a site has on this model. */
export function headsOf(info: ModelInfo, site: Site): number | null {
  return (keyValueHeads([site]) ? info.n_kv_heads : info.n_heads) ?? null;
}

/** The glossary's word for an axis of these sites. */
export function axisWord(axis: AxisName, sites: readonly Site[]) {
  if (axis === "key") return "pattern" as const;
  return axis === "head" && keyValueHeads(sites) ? ("kv_head" as const) : axis;
}

interface Words {
  label: string;
  hint: string;
}

export const OPS: Record<OpKind, Words> = {
  zero: { label: "Zero", hint: "Set it to 0: what is lost without it?" },
  mean: { label: "Mean", hint: "Replace it by its mean over other prompts" },
  patch: { label: "Patch", hint: "Take its value from a run on another prompt" },
  add: { label: "Add", hint: "Push it along a direction" },
  scale: { label: "Scale", hint: "Make it larger or smaller: multiply it by a number" },
  set: { label: "Set", hint: "Replace every entry by one number" },
  noise: { label: "Noise", hint: "Add random noise, so that what it holds is hard to read" },
  resample: { label: "Resample", hint: "Take its value from prompts drawn out of a set" },
  path: {
    label: "Path",
    hint: "Take its value from another prompt, but let only one route carry it on",
  },
};

export const DIRECTIONS: Record<NonNullable<Direction["kind"]>, Words> = {
  unembed: {
    label: "Output token",
    hint: "The unembedding row of a token: what raises its logit",
  },
  embed: { label: "Input token", hint: "The row of a token in the input embedding" },
  prompts: { label: "Prompts", hint: "mean(positive) − mean(negative), at the last position" },
  random: { label: "Random", hint: "A seeded direction of unit length: a control" },
  values: { label: "Numbers", hint: "The vector itself" },
  stored: { label: "Stored", hint: "A vector kept on the server, or one row of a matrix" },
};

export const METRICS: Record<MetricKind, Words & { needs: "" | "answer" | "foil" }> = {
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
