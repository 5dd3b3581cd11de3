// What two stored results ask, in words, and in what they differ.
import type { Edit, GridData, Prompt, Result } from "../api/types";
import { visible } from "../lib/format";
import { editText, opName, sweptText } from "../lib/names";

export type Outcome = Result | GridData;

function promptText(prompt: Prompt): string {
  return typeof prompt === "string" ? prompt : `token ids ${prompt.join(" ")}`;
}

/** "zero attention of layer 3", or "zero attention and MLP at each layer": what was done. */
export function whatWasDone(outcome: Outcome): string {
  if (!("dims" in outcome)) {
    return editTexts(outcome.spec.edits, outcome) || "no edit";
  }
  const axes = outcome.dims.filter((dim) => dim !== "site");
  return `${opName(outcome.spec.op)} ${sweptText(outcome.spec.over.sites, axes)}`;
}

function editTexts(edits: readonly Edit[] | undefined, { tokens }: Outcome): string {
  return (edits ?? []).map((edit) => editText(edit, tokens)).join(", ");
}

export interface Line {
  what: string;
  a: string;
  b: string;
}

function lines(outcome: Outcome): Record<string, string> {
  const { spec, model } = outcome;
  const source = "op" in spec && "source_prompt" in spec.op ? spec.op.source_prompt : null;
  const edits = "edits" in spec ? (spec.edits ?? []) : [];
  const sources = edits.flatMap(({ op }) => ("source_prompt" in op ? [op.source_prompt] : []));
  const last = spec.read_position ?? -1;
  return {
    Prompt: promptText(spec.prompt),
    Edit: whatWasDone(outcome),
    "Source prompt": (source === null ? sources : [source]).map(promptText).join("; ") || "none",
    "Held edits": editTexts(spec.held, outcome) || "none",
    "Read at position": last === -1 ? "the last" : String(last),
    Model: `${model.id} (${model.model_digest.slice(0, 8)})`,
    Precision: model.dtype,
    Attention: model.attention,
  };
}

/** The parts of the question that are not the same in both. */
export function whatDiffers(a: Outcome, b: Outcome): Line[] {
  const [left, right] = [lines(a), lines(b)];
  return Object.keys(left)
    .filter((what) => left[what] !== right[what])
    .map((what) => ({ what, a: visibleEnds(left[what]!), b: visibleEnds(right[what]!) }));
}

/** White space at the ends made visible, where a difference would hide. */
function visibleEnds(text: string): string {
  const [, head, body, tail] = /^(\s*)(.*?)(\s*)$/s.exec(text)!;
  return visible(head!) + body! + visible(tail!);
}
