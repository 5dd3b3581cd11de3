// The sentence over a result: only what its numbers say, with what they do not show beside it.
import type { MetricValue, Result, TokenScore } from "../api/types";
import { changeInUnit, count, ordinal, percent } from "../lib/format";
import { actions, code, notShown } from "./actions";

export interface Verdict {
  headline: string;
  details: string[];
  notShown: string[];
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

interface Subject {
  id: number;
  name: string;
  before: string;
  after: string;
}

/** Under this, before and after, a token has no part in what the model says. */
const NO_PART = 0.01;

/** The token the result speaks of: the one a probability metric names, else the clean top. */
function subject(result: Result): Subject | null {
  const metric = Object.values(result.metrics).find(
    (each) => each.kind === "prob" && each.status !== "undefined",
  );
  const without = [metric?.clean, metric?.edited].every(
    (p) => typeof p === "number" && p < NO_PART,
  );
  const asked = without ? undefined : metric;
  const id = without ? mostMoved(result) : (asked?.tokens?.[0] ?? result.clean.top[0]?.id);
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
    before: exact(asked?.clean) ?? probability(result.clean.top, id),
    after: exact(asked?.edited) ?? probability(result.edited.top, id),
  };
}

/** The listed token whose probability changed most. */
function mostMoved({ clean, edited }: Result): number | undefined {
  const p = (list: readonly TokenScore[], id: number) =>
    (list.find((score) => score.id === id) ?? list.at(-1))?.prob ?? 0;
  const by = ({ id }: TokenScore) => Math.abs(p(edited.top, id) - p(clean.top, id));
  return [...clean.top, ...edited.top].sort((a, b) => by(b) - by(a))[0]?.id;
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
  if ((result.draws ?? 1) > 1) details.push(`These are means over ${result.draws} draws.`);
  const held = result.spec.held?.length ?? 0;
  if (held > 0) details.push(`${count(held, "held edit")} applied in both runs.`);
  return { headline, details, notShown: notShown(result) };
}
