// What an entry of a capture is called, and what can be made of it.
import type { CaptureEntry, Site, Target, Token } from "../api/types";
import { visible } from "../lib/format";
import { asChosen } from "../lib/indices";
import { placeText } from "../lib/names";
import { SITES } from "../lib/words";

/** The dimensions along which one row is chosen; the last one is the vector's own. */
export function rowDims(entry: CaptureEntry): string[] {
  return entry.dims.slice(0, -1);
}

/** Indices in the model or the prompt along a dimension. */
export function indicesOf(entry: CaptureEntry, dim: string): number[] {
  const size = entry.shape[entry.dims.indexOf(dim)] ?? 0;
  return entry.coords[dim] ?? Array.from({ length: size }, (_, i) => i);
}

/** Whether rows are vectors that can be added somewhere: probabilities are none. */
export function hasDirections(entry: CaptureEntry): boolean {
  return (
    entry.site !== "pattern" && (entry.dims.at(-1) !== "neuron" || entry.coords.neuron == null)
  );
}

/** What was selected, as a target: the part with its heads, neurons and positions. */
export function targetOf(entry: CaptureEntry): Target {
  const { site, layer, coords } = entry;
  const chosen = Object.entries(coords)
    .filter(([, list]) => list !== null)
    .map(([dim, list]) => [dim, asChosen(list)]);
  return { site: site as Site, ...(layer !== null && { layer }), ...Object.fromEntries(chosen) };
}

/** "attention of layer 3", "all heads of layer 3 at ␣in". */
export function entryName(entry: CaptureEntry, tokens: readonly Token[]): string {
  return placeText(targetOf(entry), tokens);
}

export function entryMeaning(entry: CaptureEntry): string {
  return SITES[entry.site as Site]?.meaning ?? "";
}

export function placeLabel(dim: string, index: number, tokens: readonly Token[]): string {
  const token = dim === "position" || dim === "key" ? tokens[index] : undefined;
  return token ? `${index} ${visible(token.text)}` : String(index);
}

/** What a vector is kept as: where it comes from. */
export function vectorName(
  entry: CaptureEntry,
  at: Record<string, number>,
  tokens: readonly Token[],
): string {
  return placeText({ ...targetOf(entry), ...at }, tokens).slice(0, 200);
}
