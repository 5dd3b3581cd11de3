// When a step of a task is done, and what is then said: both from the person's own results.
import type { Edit, GridData, Result, TokenScore } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import { cellName, shownMetric } from "../explorer/gridView";
import { ordinal, percent, visible } from "../lib/format";
import { componentName } from "../lib/names";
import type { Facts, Lesson } from "../state/aside";
import type { Draft } from "../state/draft";
import { same } from "../state/url";
import { arrival, metricOf, whereItSat } from "./finding";
import { unsure } from "./possible";

/** What stands in the workbench or the explorer at this moment. */
export interface Seen {
  draft: Draft;
  result: Result | null;
  grid: GridData | null;
  cell: number | null;
  metric: string | null;
  /** Set once the person has said so. */
  guess: string;
  /** A part was chosen on the map since the step began. */
  onMap: boolean;
}

export interface Outcome {
  met: boolean;
  says: string | null;
  /** What the task found, kept for its end. */
  finding?: string;
}

export type Check = (seen: Seen, facts: Facts) => Outcome;

const NOT_YET: Outcome = { met: false, says: null };
const name = (token: string) => `\`${visible(token)}\``;
const edits = (result: Result | null) => result?.spec.edits ?? [];
const isZero = ({ op }: Edit) => op.kind === "zero";
const parts = (list: readonly Edit[]) => list.map(({ target }) => componentName(target)).join(", ");

function probability(list: readonly TokenScore[], id: number): string {
  const p = list.find((score) => score.id === id)?.prob;
  return typeof p === "number" ? percent(p) : "less than it lists";
}

function moved(result: Result, { id, token }: TokenScore): string {
  const [before, after] = [probability(result.clean.top, id), probability(result.edited.top, id)];
  return `${name(token)} went from ${before} to ${after}.`;
}

const guessed: Check = ({ guess }) =>
  guess.trim()
    ? { met: true, says: `Your guess is “${guess.trim()}”. Now see what the model says.` }
    : NOT_YET;

/** A guess counts as a token's where both are the same word, or the token begins it. */
function fits(guess: string, token: string): boolean {
  const [word, piece] = [guess, token].map((text) => text.trim().toLowerCase());
  return word === piece || (piece!.length > 1 && word!.startsWith(piece!));
}

const answered: Check = ({ result, guess }, facts) => {
  if (!result || edits(result).length || !same(result.spec.prompt, facts.a)) return NOT_YET;
  const { top } = result.clean;
  const place = top.findIndex(({ token }) => fits(guess, token));
  const first = `The model’s first choice is ${name(top[0]!.token)}, with ${percent(top[0]!.prob ?? 0)}.${unsure(top[0]!) ? " It is far from sure." : ""}`;
  const yours = !guess.trim()
    ? ""
    : place === 0
      ? " That was your guess, too."
      : place > 0
        ? ` Your guess is in ${ordinal(place + 1)} place.`
        : ` Your guess “${guess.trim()}” is not among its first ${top.length}.`;
  return { met: true, says: first + yours };
};

/** The place at which “Add an edit” begins: nobody has chosen it yet. */
const UNCHOSEN = { site: "attn_out", layer: 0 };
const CHOOSE = { met: false, says: "That adds an edit. Choose the part itself on the map." };
const onlyAdded = (list: readonly Edit[], onMap: boolean) =>
  !onMap && list.length > 0 && list.every(({ target }) => same(target, UNCHOSEN));

const partChosen: Check = ({ draft, onMap }, facts) => {
  const chosen = draft.edits.filter(isZero);
  if (!same(draft.prompt, facts.a) || chosen.length === 0) return NOT_YET;
  if (onlyAdded(chosen, onMap)) return CHOOSE;
  return { met: true, says: `You chose ${parts(chosen)}. It will be set to zero.` };
};

const zeroed = (result: Result | null, facts: Facts): result is Result =>
  result !== null &&
  same(result.spec.prompt, facts.a) &&
  edits(result).length > 0 &&
  edits(result).every(isZero);

const broken: Check = ({ result }, facts) =>
  zeroed(result, facts)
    ? { met: true, says: `Without ${parts(edits(result))}: ${moved(result, facts.answerA)}` }
    : NOT_YET;

/** A probability at which an answer that is no longer first is still far from gone. */
const STILL_THERE = 0.1;

const saysElse: Check = ({ result }, facts) => {
  if (!zeroed(result, facts)) return NOT_YET;
  const [was, is] = [result.clean.top[0]!, result.edited.top[0]!];
  const part = parts(edits(result));
  if (was.id === is.id)
    return {
      met: false,
      says: `Without ${part} it still says ${name(is.token)}. Try another part.`,
    };
  const left = result.edited.top.find(({ id }) => id === was.id)?.prob ?? 0;
  return {
    met: true,
    says: `Without ${part}: ${moved(result, was)} First is now ${name(is.token)}. This task calls a part needed when the first answer changes${
      left >= STILL_THERE ? `; ${name(was.token)} has lost its place, but is not gone` : ""
    }.`,
  };
};

const otherPrompt: Check = ({ result }, facts) => {
  if (!result || edits(result).length || !same(result.spec.prompt, facts.b)) return NOT_YET;
  const top = result.clean.top[0]!;
  return { met: true, says: `To this prompt the model says ${name(top.token)}.` };
};

const patches = (list: readonly Edit[], facts: Facts) =>
  list.length > 0 && list.every(({ op }) => op.kind === "patch" && same(op.source_prompt, facts.a));

const patchWritten: Check = ({ draft, onMap }, facts) => {
  if (!same(draft.prompt, facts.b)) return NOT_YET;
  if (onlyAdded(draft.edits, onMap)) return CHOOSE;
  return patches(draft.edits, facts)
    ? { met: true, says: `It will take ${parts(draft.edits)} from the other prompt.` }
    : NOT_YET;
};

const patched = (result: Result | null, facts: Facts): result is Result =>
  result !== null && same(result.spec.prompt, facts.b) && patches(edits(result), facts);

const restored: Check = ({ result }, facts) => {
  if (!patched(result, facts)) return NOT_YET;
  const is = result.edited.top[0]!;
  const says = `With ${parts(edits(result))} of the other prompt: ${moved(result, facts.answerA)}`;
  return is.id === facts.answerA.id
    ? { met: true, says: `${says} It now says ${name(is.token)}.` }
    : { met: false, says: `${says} It still says ${name(is.token)}. Try another part.` };
};

const isWhere = (grid: GridData | null, facts: Facts): grid is GridData =>
  grid !== null &&
  same(grid.spec.prompt, facts.b) &&
  patches([{ op: grid.spec.op, target: { site: "resid_pre" } }], facts) &&
  ["layer", "position"].every((dim) => (grid.coords[dim]?.length ?? 0) > 1);

const sweepWritten: Check = ({ draft }, facts) => {
  const { over, op, prompt } = draft;
  const ready =
    same(prompt, facts.b) &&
    patches([{ op, target: { site: "resid_pre" } }], facts) &&
    same(over, { sites: ["resid_pre"], layers: "all", positions: "all" });
  return ready
    ? { met: true, says: "Every layer and every position will be tried in turn." }
    : NOT_YET;
};

const swept: Check = ({ grid }, facts) =>
  isWhere(grid, facts) && grid.complete
    ? {
        met: true,
        says: `${grid.top.length} cells: in each, one place took over what it had on the other prompt.`,
      }
    : NOT_YET;

const located: Check = ({ grid, cell, metric }, facts) => {
  if (!isWhere(grid, facts) || cell === null) return NOT_YET;
  const shown = shownMetric(grid, metricOf(grid, metric));
  const wanted = arrival(grid, shown);
  if (wanted === null || wanted === cell)
    return {
      met: true,
      says: `${cellName(grid, cell)}: here what the answer needs has reached the last position.`,
      finding: whereItSat(grid, shown),
    };
  const [here, there] = [pointOf(grid, cell), pointOf(grid, wanted)];
  const hint =
    here.position !== there.position
      ? "That is another position; the answer is read at the last one."
      : Number(here.layer) < Number(there.layer)
        ? "Too early: little of it has arrived there yet."
        : "It was there before: look at an earlier layer.";
  return { met: false, says: hint };
};

const opened: Check = ({ result }, facts) => {
  if (!patched(result, facts)) return NOT_YET;
  const { target } = edits(result)[0]!;
  return target.site === "resid_pre" && target.position !== undefined && target.position !== null
    ? {
        met: true,
        says: `The cell as an experiment of its own: ${moved(result, facts.answerA)} Its address is a link that stays.`,
      }
    : NOT_YET;
};

export const CHECKS: Record<Lesson, readonly Check[]> = {
  predict: [guessed, answered],
  break: [partChosen, broken, saysElse],
  restore: [otherPrompt, patchWritten, restored],
  locate: [sweepWritten, swept, located, opened],
};
