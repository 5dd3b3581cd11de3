// What an operation, a direction or a receiver begins with when it is chosen.
import type { Direction, Op, OpKind, Prompt } from "../api/types";
import { useDraft } from "../state/draft";
import type { Example } from "../state/example";
import { promptsRun } from "../state/last";
import { sourceOf } from "../state/sources";
import { same } from "../state/url";

/** A prompt to take values from: one that was named or run before, never the prompt itself. */
function otherThan(prompt: Prompt, { source, draft }: Example): Prompt {
  const { op, edits } = useDraft.getState().draft;
  const named = [op, ...edits.map((edit) => edit.op)].map(sourceOf);
  const others = [...named, ...promptsRun(), source, source && draft.prompt];
  return others.find((each) => each !== null && each !== "" && !same(each, prompt)) ?? source;
}

export function newOp(kind: OpKind, answer: string | number, prompt: Prompt, example: Example): Op {
  const { references } = example;
  const reference = { prompts: [...references] };
  switch (kind) {
    case "zero":
      return { kind };
    case "mean":
      return { kind, reference, pool: "all_positions" };
    case "patch":
      return { kind, source_prompt: otherThan(prompt, example) };
    case "add":
      return {
        kind,
        direction: newDirection("unembed", answer, example),
        scale: 1,
        unit: "site_norm",
      };
    case "scale":
      return { kind, factor: 2 };
    case "set":
      return { kind, value: 1 };
    case "noise":
      return { kind, sigma: 3, seed: 0, draws: 8 };
    case "resample":
      return { kind, reference, seed: 0, draws: Math.max(1, references.length) };
    case "path":
      return { kind, source_prompt: otherThan(prompt, example) };
  }
}

export function newDirection(
  kind: NonNullable<Direction["kind"]>,
  answer: string | number,
  { draft, source }: Example,
): Direction {
  switch (kind) {
    case "unembed":
    case "embed":
      return { kind, token: answer || draft.foil };
    case "prompts":
      return { kind, positive: [source], negative: [draft.prompt] };
    case "random":
      return { kind, seed: 0 };
    case "values":
      return { kind, values: [0] };
    case "stored":
      return { kind, sha256: "" };
  }
}
