// The sentence over a result: only what its numbers say, with what they do not show beside it.
import type { Direction, Edit, MetricValue, Result, TokenScore } from "../api/types";
import { changeInUnit, number, ordinal, percent, visible } from "../lib/format";
import { asList, showIndices } from "../lib/indices";
import { componentName, tokenName } from "../lib/names";

export interface Verdict {
  headline: string;
  details: string[];
  notShown: string[];
}

/** A token, marked so that it is set in its own type. */
function code(text: string): string {
  return `\`${visible(text).replaceAll("`", "ˋ")}\``;
}

function directionName(direction: Direction): string {
  switch (direction.kind) {
    case "unembed":
      return `the direction of ${code(tokenName(direction.token))}`;
    case "prompts":
      return "the difference of two sets of prompts";
    case "random":
      return `a random direction (seed ${direction.seed})`;
    default:
      return "a given vector";
  }
}

function where(edit: Edit, result: Result): string {
  const at = asList(edit.target.position);
  if (!at) return "";
  if (at.length > 2) return ` at positions ${showIndices(at)}`;
  const names = at.map((index) => {
    const token = result.tokens.at(index);
    return token ? `position ${token.index} ${code(token.text)}` : `position ${index}`;
  });
  return ` at ${names.join(" and ")}`;
}

function action(edit: Edit, result: Result): string {
  const what = `${componentName(edit.target)}${where(edit, result)}`;
  switch (edit.op.kind) {
    case "mean":
      return `Replacing ${what} by a mean over ${edit.op.reference.prompts.length} prompts`;
    case "patch": {
      const source =
        typeof edit.op.source_prompt === "string" ? `“${edit.op.source_prompt}”` : "other tokens";
      return `Patching ${what} from ${source}`;
    }
    case "add":
      return `Adding ${number(edit.op.scale ?? 1)}× ${directionName(edit.op.direction)} to ${what}`;
    default:
      return `Setting ${what} to zero`;
  }
}

function actions(result: Result): string {
  const edits = result.spec.edits ?? [];
  const first = edits[0] ? action(edits[0], result) : "Nothing";
  if (edits.length <= 1) return first;
  return `${first}, together with ${edits.length - 1} more edit${edits.length > 2 ? "s" : ""},`;
}

/** Larger than what an edit that changes nothing does in the same shape. */
export function isAboveFloor({ change, floor }: MetricValue): boolean {
  return change !== null && Math.abs(change) > (floor ?? 0);
}

function place(list: readonly TokenScore[], id: number): string {
  const rank = list.findIndex((score) => score.id === id);
  return rank < 0 ? `out of the top ${list.length}` : `in ${ordinal(rank + 1)} place`;
}

function probability(list: readonly TokenScore[], id: number): string {
  const p = list.find((score) => score.id === id)?.prob;
  if (typeof p === "number") return percent(p);
  const least = list.at(-1)?.prob;
  return typeof least === "number" ? `at most ${percent(least)}` : "an unknown probability";
}

/** The token the result speaks of: the one a probability metric names, else the clean top. */
function subject(
  result: Result,
): { id: number; name: string; before: string; after: string } | null {
  const metric = Object.values(result.metrics).find(
    (each) => each.kind === "prob" && each.status !== "undefined",
  );
  const id = metric?.tokens?.[0] ?? result.clean.top[0]?.id;
  if (id === undefined) return null;
  const text = [...result.clean.top, ...result.edited.top].find((score) => score.id === id)?.token;
  const named = (result.spec.metrics ?? []).find(
    (each) => "token" in each && typeof each.token === "string",
  );
  const name = text ?? (named && "token" in named ? String(named.token) : `#${id}`);
  const exact = (value: number | null | undefined) =>
    typeof value === "number" ? percent(value) : null;
  return {
    id,
    name: code(name),
    before: exact(metric?.clean) ?? probability(result.clean.top, id),
    after: exact(metric?.edited) ?? probability(result.edited.top, id),
  };
}

export function verdict(result: Result): Verdict {
  const edits = result.spec.edits ?? [];
  const top = result.clean.top[0];
  const now = result.edited.top[0];
  if (edits.length === 0) {
    return {
      headline: top
        ? `Without an edit the model says ${code(top.token)} (${percent(top.prob ?? 0)}).`
        : "A run without an edit.",
      details: ["Choose a part on the model map and run again to see what depends on it."],
      notShown: ["Why: nothing was changed, so no cause was tested."],
    };
  }

  const metrics = Object.values(result.metrics);
  const broken = metrics.filter((each) => each.status === "non_finite");
  const moved = metrics.filter(isAboveFloor);
  const about = subject(result);
  const details: string[] = [];
  let headline: string;

  if (broken.length === metrics.length && metrics.length > 0) {
    headline = `${actions(result)} made the model’s output not a number.`;
  } else if (moved.length === 0) {
    headline = `${actions(result)} changed nothing that can be told from noise.`;
  } else if (about) {
    const same = about.before === about.after;
    headline = same
      ? `${actions(result)} left ${about.name} at ${about.before}.`
      : `${actions(result)} moved ${about.name} from ${about.before} to ${about.after}.`;
    const [was, is] = [place(result.clean.top, about.id), place(result.edited.top, about.id)];
    details.push(was === is ? `It stays ${is}.` : `It was ${was} and is now ${is}.`);
  } else {
    headline = `${actions(result)} changed the output.`;
  }

  const told = top?.id === now?.id && about?.id === top?.id;
  if (top && now && moved.length > 0 && !told) {
    details.push(
      top.id === now.id
        ? `The model still says ${code(now.token)}.`
        : `The model now says ${code(now.token)} (${percent(now.prob ?? 0)}) instead of ${code(top.token)}.`,
    );
  }
  const kl = metrics.find((each) => each.kind === "kl" && each.status === "ok");
  if (kl && moved.includes(kl)) {
    details.push(
      `The whole distribution moved by ${changeInUnit(kl.edited, kl.unit).replace("+", "")} nats (KL).`,
    );
  }
  return { headline, details, notShown: notShown(result) };
}

function notShown(result: Result): string[] {
  const edits = result.spec.edits ?? [];
  const kinds = new Set(edits.map((edit) => edit.op.kind ?? "zero"));
  const says = ["One prompt: whether it holds for others has to be tried on others."];
  if (kinds.has("zero")) {
    says.push(
      "Zero is a value this part hardly ever takes, so some of the effect may be damage and not lost information: compare a mean or a patch.",
    );
  }
  if (kinds.has("mean")) says.push("The mean depends on the reference prompts that were chosen.");
  if (kinds.has("patch"))
    says.push(
      "A patch carries over everything that differs between the two prompts, not only what you have in mind.",
    );
  if (kinds.has("add"))
    says.push(
      "A direction that steers is not thereby the one the model itself uses: compare a random one of the same size.",
    );
  if (edits.length > 1) says.push("The edits acted together: what each did alone is not shown.");
  says.push(
    "Later layers can make up for what was removed, so a small effect does not prove that a part is unused.",
  );
  return says;
}
