// What an operation, a direction or a receiver begins with when it is chosen.
import type { Direction, Op, OpKind, Prompt } from "../api/types";
import { useDraft } from "../state/draft";
import { promptsRun } from "../state/last";
import { same } from "../state/url";
import { sourceOf } from "./source";

const REFERENCE = ["The Colosseum is in", "The Brandenburg Gate is in", "The Louvre is in"];
const SOURCE = "The Colosseum is in";
const BESIDE = "The Eiffel Tower is in";

/** A prompt to take values from: one that was named or run before, never the prompt itself. */
function otherThan(prompt: Prompt): Prompt {
  const { op, edits } = useDraft.getState().draft;
  const named = [op, ...edits.map((edit) => edit.op)].map(sourceOf);
  const others = [...named, ...promptsRun(), SOURCE, BESIDE];
  return others.find((each) => each !== null && each !== "" && !same(each, prompt)) ?? SOURCE;
}

export function newOp(kind: OpKind, answer: string | number, prompt: Prompt): Op {
  switch (kind) {
    case "zero":
      return { kind };
    case "mean":
      return { kind, reference: { prompts: REFERENCE }, pool: "all_positions" };
    case "patch":
      return { kind, source_prompt: otherThan(prompt) };
    case "add":
      return { kind, direction: newDirection("unembed", answer), scale: 1, unit: "site_norm" };
    case "scale":
      return { kind, factor: 2 };
    case "set":
      return { kind, value: 1 };
    case "noise":
      return { kind, sigma: 3, seed: 0, draws: 8 };
    case "resample":
      return { kind, reference: { prompts: REFERENCE }, seed: 0, draws: REFERENCE.length };
    case "path":
      return { kind, source_prompt: otherThan(prompt) };
  }
}

export function newDirection(
  kind: NonNullable<Direction["kind"]>,
  answer: string | number,
): Direction {
  switch (kind) {
    case "unembed":
    case "embed":
      return { kind, token: answer || " Rome" };
    case "prompts":
      return { kind, positive: [SOURCE], negative: [BESIDE] };
    case "random":
      return { kind, seed: 0 };
    case "values":
      return { kind, values: [0] };
    case "stored":
      return { kind, sha256: "" };
  }
}
