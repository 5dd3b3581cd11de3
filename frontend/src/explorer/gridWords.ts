// What a sweep did, and where, in words: one form for the verdict, the picture's subtitle and cards.
import type { GridData, Op, Prompt, Site, Target } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import { count, number } from "../lib/format";
import { componentName } from "../lib/names";
import { SITES } from "../lib/words";
import { code } from "../workbench/actions";

const LONGEST_PROMPT = 300;

export function targetOf(grid: GridData, index: number): Target {
  const point = pointOf(grid, index);
  const target: Target = { site: point.site as Site };
  for (const axis of ["layer", "head", "neuron", "position", "key"] as const) {
    if (point[axis] !== undefined) target[axis] = Number(point[axis]);
  }
  return target;
}

/** "`␣in`", with its number where the prompt has the token more than once. */
export function wordAt(grid: GridData, position: number): string {
  const token = grid.tokens.at(position);
  if (!token) return `position ${position}`;
  const alone = grid.tokens.filter((each) => each.text === token.text).length === 1;
  return code(token.text) + (alone ? "" : ` (position ${position})`);
}

/** "the residual stream entering layer 4 at `␣in`". */
export function placeWords(grid: GridData, index: number): string {
  const target = targetOf(grid, index);
  const at = typeof target.position === "number" ? ` at ${wordAt(grid, target.position)}` : "";
  const read = typeof target.key === "number" ? ` reading ${wordAt(grid, target.key)}` : "";
  return componentName(target) + at + read;
}

function quoted(prompt: Prompt | string): string {
  if (typeof prompt !== "string") return `${count(prompt.length, "token id")}`;
  const text = prompt.replaceAll("\n", "↵");
  return `“${text.length > LONGEST_PROMPT ? `${text.slice(0, LONGEST_PROMPT)}…` : text}”`;
}

function doing(op: Op): string {
  switch (op.kind) {
    case "patch":
      return `patched from ${quoted(op.source_prompt)} into`;
    case "path":
      return `paths patched as in ${quoted(op.source_prompt)}, in`;
    case "mean":
      return `replaced by a mean over ${count(op.reference.prompts.length, "prompt")}, in`;
    case "resample":
      return `resampled from ${count(op.reference.prompts.length, "prompt")}, in`;
    case "add":
      return `with ${number(op.scale ?? 1)}× a direction added, in`;
    case "noise":
      return `with noise of ${number(op.sigma)} σ added, in`;
    case "scale":
      return `multiplied by ${number(op.factor)}, in`;
    case "set":
      return `set to ${number(op.value)}, in`;
    default:
      return "set to zero, in";
  }
}

/** "Stream in, patched from “The Eiffel Tower is in” into “The Colosseum is in”". */
export function sweepWords(grid: GridData): string {
  const { op, over, prompt, held } = grid.spec;
  const sites = over.sites.map((site) => SITES[site]?.label ?? site).join(", ");
  const under = held?.length ? `, under ${count(held.length, "held edit")}` : "";
  return `${sites}, ${doing(op)} ${quoted(prompt)}${under}`;
}
