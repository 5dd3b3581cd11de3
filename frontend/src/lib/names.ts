// Plain names for targets, edits and metrics.
import type { Edit, MetricInfo, MetricKind, Op, Site, Target, Token } from "../api/types";
import { number, visible } from "./format";
import { asList, showIndices } from "./indices";
import { keyValueHeads, METRICS, SITES } from "./words";

function plural(list: number[], one: string): string {
  return `${one}${list.length > 1 ? "s" : ""} ${showIndices(list)}`;
}

/** "the MLP of layer 0", "head 2 of layer 3", "the queries of head 2 of layer 3": in a sentence. */
export function componentName(target: Target): string {
  const layers = asList(target.layer);
  const layer = layers ? plural(layers, "layer") : "every layer";
  const heads = asList(target.head);
  const neurons = asList(target.neuron);
  const head = keyValueHeads([target.site]) ? "key-value head" : "head";
  const ofHeads = `of ${heads ? `${plural(heads, head)} of ${layer}` : layer}`;
  switch (target.site) {
    case "embed":
      return "the token embeddings";
    case "final_norm":
      return "the output of the final norm";
    case "resid_pre":
      return `the stream into ${layer}`;
    case "resid_mid":
      return `the stream inside ${layer}`;
    case "resid_post":
      return `the stream out of ${layer}`;
    case "attn_out":
      return `the attention of ${layer}`;
    case "mlp_out":
      return `the MLP of ${layer}`;
    case "z":
      return heads ? `${plural(heads, "head")} of ${layer}` : `all heads of ${layer}`;
    case "q":
      return `the queries ${ofHeads}`;
    case "k":
      return `the keys ${ofHeads}`;
    case "v":
      return `the values ${ofHeads}`;
    case "pattern":
      return `the attention pattern ${ofHeads}`;
    case "mlp_act":
      return neurons ? `${plural(neurons, "neuron")} of ${layer}` : `all neurons of ${layer}`;
  }
}

const NAMED = 3;

/** "␣in", with its position where the word is there more than once; many words by number. */
function wordsAt(chosen: number[], tokens: readonly Token[]): string {
  const found = chosen.map((index) => tokens.at(index));
  if (chosen.length > NAMED || found.some((token) => !token)) return plural(chosen, "position");
  return found
    .map((token) => {
      const alone = tokens.filter(({ text }) => text === token!.text).length === 1;
      return visible(token!.text) + (alone ? "" : ` (position ${token!.index})`);
    })
    .join(", ");
}

/**
 * "stream into layer 4 at ␣in", "head 2 of layer 1": the form in which people read of a place.
 * The server names places in the same form (neuronscope/service/places.py).
 */
export function placeText(target: Target, tokens: readonly Token[]): string {
  const [at, read] = [asList(target.position), asList(target.key)];
  return (
    componentName(target).replace(/^the /, "") +
    (at ? ` at ${wordsAt(at, tokens)}` : "") +
    (read ? ` reading ${wordsAt(read, tokens)}` : "")
  );
}

const SWEPT: Partial<Record<Site, string>> = {
  embed: "token embeddings",
  final_norm: "output of the final norm",
  pattern: "attention patterns",
  mlp_out: "MLP",
};

/** "attention and MLP at each layer": where a sweep makes its edit. */
export function sweptText(sites: readonly Site[], axes: readonly string[]): string {
  const named = sites.map((site) => SWEPT[site] ?? SITES[site].label.toLowerCase());
  return joined(named) + (axes.length ? ` at each ${joined(axes)}` : "");
}

function joined(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** "zero attention of layer 3", "patch stream into layer 4 at ␣in", "scale MLP of layer 4 × 3". */
export function editText({ target, op }: Edit, tokens: readonly Token[]): string {
  const place = placeText(target, tokens);
  switch (op.kind) {
    case "mean":
      return `mean over ${op.reference.prompts.length} prompts at ${place}`;
    case "resample":
      return `resample ${place} from ${op.reference.prompts.length} prompts`;
    case "add":
      return `${opName(op)} to ${place}`;
    case "scale":
      return `scale ${place} × ${number(op.factor)}`;
    case "set":
      return `set ${place} to ${number(op.value)}`;
    case "noise":
      return `${opName(op)} on ${place}`;
    case "path":
      return `path from ${place} to ${
        op.to ? op.to.map((each) => placeText(each, tokens)).join(", ") : "the logits"
      }`;
    default:
      return `${opName(op)} ${place}`;
  }
}

/** "L3.H2", "L3.H2 query", "L0 MLP": for chips and map labels. */
export function shortName(target: Target): string {
  const { site } = target;
  const layers = asList(target.layer);
  const heads = asList(target.head);
  const neurons = asList(target.neuron);
  const { axes, short } = SITES[site];
  const layer = layers ? `L${showIndices(layers)}` : axes.includes("layer") ? "L*" : "";
  const head = heads ? `.${keyValueHeads([site]) ? "KV" : "H"}${showIndices(heads)}` : "";
  if (site === "z") return layer + (head || ".heads");
  if (site === "mlp_act") return `${layer}.${neurons ? `N${showIndices(neurons)}` : "neurons"}`;
  return `${layer}${head} ${short}`.trim();
}

/** " @5", " @5/0": the positions of a target, and the keys of a pattern. */
export function placeName({ position, key }: Target): string {
  const [at, read] = [asList(position), asList(key)];
  if (!at && !read) return "";
  return ` @${at ? showIndices(at) : "*"}${read ? `/${showIndices(read)}` : ""}`;
}

export function opName(op: Op): string {
  switch (op.kind) {
    case "mean":
      return `mean of ${op.reference.prompts.length}`;
    case "resample":
      return `resampled of ${op.reference.prompts.length}`;
    case "add":
      return `add ${number(op.scale ?? 1)}×`;
    case "scale":
      return `× ${number(op.factor)}`;
    case "set":
      return `= ${number(op.value)}`;
    case "noise":
      return `noise ${number(op.sigma)} σ`;
    case "path":
      return `path to ${op.to ? op.to.map(shortName).join(", ") : "the logits"}`;
    default:
      return op.kind ?? "zero";
  }
}

export function tokenName(token: string | number): string {
  return typeof token === "number" ? `#${token}` : visible(token);
}

/** "Probability ␣Paris", "KL @4": a measured metric, with its own position where it has one. */
export function metricTitle(metric: Pick<MetricInfo, "kind" | "label" | "tokens">): string {
  const known = METRICS[metric.kind as MetricKind]?.label ?? metric.kind;
  if (metric.tokens?.length) return `${known} ${metric.label.slice(metric.kind.length).trim()}`;
  return known + (/ @\d+$/.exec(metric.label)?.[0] ?? "");
}
