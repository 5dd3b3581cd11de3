// What an operation, a direction or a receiver begins with when it is chosen.
import type { Direction, Op, OpKind } from "../api/types";
import type { Example } from "../state/example";

export function newOp(kind: OpKind, answer: string | number, example: Example): Op {
  const { source, references } = example;
  const reference = { prompts: [...references] };
  switch (kind) {
    case "zero":
      return { kind };
    case "mean":
      return { kind, reference, pool: "all_positions" };
    case "patch":
      return { kind, source_prompt: source };
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
      return { kind, source_prompt: source };
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
