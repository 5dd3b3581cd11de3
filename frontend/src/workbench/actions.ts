// What a result's edits did, as the beginning of a sentence, and what each kind leaves open.
import type { Direction, Edit, Op, OpKind, Result } from "../api/types";
import { number, visible } from "../lib/format";
import { asList, showIndices } from "../lib/indices";
import { componentName, tokenName } from "../lib/names";

/** A token, marked so that it is set in its own type. */
export function code(text: string): string {
  return `\`${visible(text).replaceAll("`", "ˋ")}\``;
}

function directionName(direction: Direction): string {
  switch (direction.kind) {
    case "unembed":
      return `the direction of ${code(tokenName(direction.token))}`;
    case "embed":
      return `the embedding of ${code(tokenName(direction.token))}`;
    case "prompts":
      return "the difference of two sets of prompts";
    case "random":
      return `a random direction (seed ${direction.seed})`;
    case "stored":
      return `a stored vector (${direction.sha256.slice(0, 8)}${
        typeof direction.row === "number" ? `, row ${direction.row}` : ""
      })`;
    default:
      return "a given vector";
  }
}

function at(words: string, chosen: Edit["target"]["position"], result: Result): string {
  const list = asList(chosen);
  if (!list) return "";
  if (list.length > 2) return ` ${words} positions ${showIndices(list)}`;
  const names = list.map((index) => {
    const token = result.tokens.at(index);
    return token ? `position ${token.index} ${code(token.text)}` : `position ${index}`;
  });
  return ` ${words} ${names.join(" and ")}`;
}

function sourceName(source: string | number[]): string {
  return typeof source === "string" ? `“${source}”` : "other tokens";
}

function receivers(op: Extract<Op, { kind?: "path" }>): string {
  if (!op.to) return "the logits";
  const [first, ...more] = op.to;
  return componentName(first!) + (more.length ? ` and ${more.length} more` : "");
}

function action({ target, op }: Edit, result: Result): string {
  const what = `${componentName(target)}${at("at", target.position, result)}${at("reading", target.key, result)}`;
  switch (op.kind) {
    case "mean":
      return `Replacing ${what} by a mean over ${op.reference.prompts.length} prompts`;
    case "patch":
      return `Patching ${what} from ${sourceName(op.source_prompt)}`;
    case "resample":
      return `Resampling ${what} from ${op.reference.prompts.length} prompts`;
    case "add":
      return `Adding ${number(op.scale ?? 1)}× ${directionName(op.direction)} to ${what}`;
    case "noise":
      return `Adding noise of ${number(op.sigma)} σ to ${what}`;
    case "scale":
      return `Multiplying ${what} by ${number(op.factor)}`;
    case "set":
      return `Setting ${what} to ${number(op.value)}`;
    case "path":
      return `Patching the path from ${what} to ${receivers(op)} as in ${sourceName(op.source_prompt)}`;
    default:
      return `Setting ${what} to zero`;
  }
}

/** What all edits did: the first in full. */
export function actions(result: Result): string {
  const edits = result.spec.edits ?? [];
  const first = edits[0] ? action(edits[0], result) : "Nothing";
  if (edits.length <= 1) return first;
  return `${first}, together with ${edits.length - 1} more edit${edits.length > 2 ? "s" : ""},`;
}

const LEFT_OPEN: Record<OpKind, string> = {
  zero: "Zero is a value this part hardly ever takes, so some of the effect may be damage and not lost information: compare a mean or a patch.",
  set: "A number that this part hardly ever takes does damage of its own: compare a mean or a patch.",
  scale:
    "A part made larger or smaller than it ever is may do damage of its own: compare a mean or a patch.",
  mean: "The mean depends on the reference prompts that were chosen.",
  resample: "What is drawn depends on the reference prompts that were chosen.",
  patch:
    "A patch carries over everything that differs between the two prompts, not only what you have in mind.",
  path: "A path tells of one route: what goes by others, or reaches the receiver through attention, is not in it.",
  add: "A direction that steers is not thereby the one the model itself uses: compare a random one of the same size.",
  noise:
    "Noise takes a part to values that it hardly ever has, and its strength was chosen: compare other sigmas, or a patch.",
};

/** What edits of a kind leave open. */
export function leftOpen(kind: OpKind): string {
  return LEFT_OPEN[kind];
}

export function notShown(result: Result): string[] {
  const edits = result.spec.edits ?? [];
  const kinds = new Set(edits.map((edit) => edit.op.kind ?? "zero"));
  return [
    "One prompt: whether it holds for others has to be tried on others.",
    ...[...kinds].map((kind) => LEFT_OPEN[kind]),
    ...(edits.some((edit) => edit.target.site === "pattern")
      ? ["An edited pattern is not made to sum to 1 again."]
      : []),
    ...(edits.length > 1 ? ["The edits acted together: what each did alone is not shown."] : []),
    "Later layers can make up for what was removed, so a small effect does not prove that a part is unused.",
  ];
}
