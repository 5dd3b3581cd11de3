// The question being written: shared by the workbench (edits) and the explorer (op over axes).
import { create } from "zustand";
import type { Edit, Metric, Op, Over, Prompt, RunSpec, SweepSpec, Target } from "../api/types";
import { asEdits, asMetrics, asOver } from "./accept";
import { firstAnswer, firstFoil, measurable } from "./metrics";
import { refit } from "./refit";
import { opsOf, sourceIn } from "./sources";
import { TYPING_MS, textChange } from "./typing";
import { same } from "./url";

export interface Draft {
  prompt: Prompt;
  edits: Edit[];
  metrics: Metric[];
  readPosition: number;
  topK: number;
  op: Op;
  over: Over;
  /** Edits that apply in every forward, and whether edits apply in the order listed. */
  held: Edit[];
  ordered: boolean;
  /** What the answer and foil fields hold, whether or not a metric uses them. */
  answer: string | number;
  foil: string | number;
  /** The prompt for which answer and foil were chosen. */
  answerFor: Prompt;
  /** The source prompt for which the foil was chosen; null: none, or not known. */
  foilFor: Prompt | null;
  /** Chosen by hand, taken from what the model says, or kept whatever the prompt. */
  answerBy: "hand" | "model" | "pin";
}

export const EXAMPLE: Draft = {
  prompt: "The Eiffel Tower is in",
  edits: [{ target: { site: "attn_out", layer: 3 }, op: { kind: "zero" } }],
  metrics: [{ kind: "kl" }, { kind: "prob", token: " Paris" }],
  readPosition: -1,
  topK: 10,
  op: { kind: "zero" },
  over: { sites: ["attn_out", "mlp_out"], layers: "all" },
  held: [],
  ordered: false,
  answer: " Paris",
  foil: " Rome",
  answerFor: "The Eiffel Tower is in",
  foilFor: "The Colosseum is in",
  answerBy: "hand",
};

/** Edits whose effect is measured, and edits that apply in every forward. */
export type Group = "edits" | "held";

interface DraftState {
  draft: Draft;
  /** The question to begin with: an address without a draft stands for it. */
  example: Draft;
  /** Whether the draft grew from the example, rather than from a link or a stored result. */
  grown: boolean;
  /** The edit that is being edited: its list, and its place in that list. */
  group: Group;
  selected: number;
  past: Draft[];
  future: Draft[];
  /** Changes some fields; the previous draft can be had back with undo. */
  change: (fields: Partial<Draft>, selected?: number, group?: Group) => void;
  select: (index: number, group?: Group) => void;
  /** Moves the selected edit, or adds one beside it. */
  place: (target: Target, add: boolean) => void;
  /** Replaces the selected edit. */
  update: (edit: Edit) => void;
  addEdit: (edit: Edit) => void;
  remove: (index: number, group?: Group) => void;
  /** Swaps an edit with its neighbour. */
  move: (index: number, by: -1 | 1) => void;
  /** Moves the selected edit into the other list. */
  regroup: () => void;
  undo: () => void;
  redo: () => void;
  /** Takes another question over, whole. */
  load: (draft: Draft) => void;
  /** Changes fields without a step of undo: what follows of itself. */
  settle: (fields: Partial<Draft>) => void;
  /** Takes another example; what is the old one's of a draft that grew from it goes along, `source` too. */
  offer: (example: Draft, source: string) => void;
}

const KEPT = 100;

const atMost = (index: number, list: readonly Edit[]) =>
  Math.max(0, Math.min(index, list.length - 1));

/** The state after a step of undo (`back`) or of redo; nothing changes where there is none. */
function stepped({ draft, past, future, group, selected }: DraftState, back: boolean) {
  const to = back ? past.at(-1) : future[0];
  if (!to) return {};
  const lists = back
    ? { past: past.slice(0, -1), future: [draft, ...future] }
    : { past: [...past, draft], future: future.slice(1) };
  return { draft: to, ...lists, selected: atMost(selected, to[group]) };
}

export const useDraft = create<DraftState>((set, get) => {
  let typing = { what: "", until: 0 };

  return {
    draft: EXAMPLE,
    example: EXAMPLE,
    grown: true,
    group: "edits",
    selected: 0,
    past: [],
    future: [],
    change: (fields, selected, group) => {
      const { draft, past } = get();
      const next = { ...draft, ...fields };
      const what = textChange(draft, next);
      const goesOn = what !== "" && what === typing.what && Date.now() < typing.until;
      typing = { what, until: Date.now() + TYPING_MS };
      set((state) => ({
        draft: next,
        past: goesOn && past.length > 0 ? past : [...past.slice(-KEPT), draft],
        future: [],
        selected: selected ?? state.selected,
        group: group ?? state.group,
      }));
    },
    select: (index, group = "edits") => set({ selected: index, group }),
    place: (target, add) => {
      const { draft, group, selected, update, addEdit } = get();
      const current = draft[group][selected];
      if (current && !add) update({ ...current, target });
      else addEdit({ target, op: current?.op ?? { kind: "zero" } });
    },
    update: (edit) => {
      const { draft, group, selected, change } = get();
      change({ [group]: draft[group].map((each, i) => (i === selected ? edit : each)) });
    },
    addEdit: (edit) => {
      const { draft, change } = get();
      change({ edits: [...draft.edits, edit] }, draft.edits.length, "edits");
    },
    remove: (index, group = "edits") => {
      const { draft, group: current, selected, change } = get();
      const list = draft[group].filter((_, i) => i !== index);
      const before = group === current && index < selected ? 1 : 0;
      const kept = group === current ? atMost(selected - before, list) : selected;
      if (list.length === 0 && group === current) change({ [group]: list }, 0, "edits");
      else change({ [group]: list }, kept);
    },
    move: (index, by) => {
      const { draft, group, change } = get();
      const list = [...draft[group]];
      const to = index + by;
      if (!list[index] || !list[to]) return;
      [list[index], list[to]] = [list[to], list[index]];
      change({ [group]: list }, to);
    },
    regroup: () => {
      const { draft, group, selected, change } = get();
      const edit = draft[group][selected];
      if (!edit) return;
      const other = group === "edits" ? "held" : "edits";
      const rest = draft[group].filter((each) => each !== edit);
      change({ [group]: rest, [other]: [...draft[other], edit] }, draft[other].length, other);
    },
    undo: () => {
      typing.until = 0;
      set((state) => stepped(state, true));
    },
    redo: () => {
      typing.until = 0;
      set((state) => stepped(state, false));
    },
    settle: (fields) => set(({ draft }) => ({ draft: { ...draft, ...fields } })),
    load: (draft) => {
      const { draft: before, example, past } = get();
      // What was there before somebody wrote anything is not worth going back to.
      const written = before !== example || past.length > 0;
      set({
        draft,
        grown: draft === example,
        past: written ? [...past.slice(-KEPT), before] : [],
        future: [],
        selected: 0,
        group: "edits",
      });
    },
    offer: (example, source) => {
      const { draft, example: before, grown } = get();
      if (!grown || same(example, before)) return set({ example });
      const untouched = same(draft, before);
      set({ example, draft: untouched ? example : refit(draft, { before, source }, example) });
    },
  };
});

/** What a run and a sweep have in common beside the prompt; defaults are left out. */
function heldFields({ held, ordered }: Draft): Pick<RunSpec, "held" | "ordered"> {
  return { ...(held.length > 0 && { held }), ...(ordered && { ordered }) };
}

export function toRun(draft: Draft): RunSpec {
  return {
    prompt: draft.prompt,
    edits: draft.edits,
    ...heldFields(draft),
    metrics: measurable(
      draft.metrics,
      draft.edits.map(({ op }) => op),
    ),
    read_position: draft.readPosition,
    top_k: draft.topK,
  };
}

export function toSweep(draft: Draft): SweepSpec {
  return {
    prompt: draft.prompt,
    op: draft.op,
    over: draft.over,
    ...heldFields(draft),
    metrics: measurable(draft.metrics, [draft.op]),
    read_position: draft.readPosition,
    top_k: draft.topK,
  };
}

/** A draft that asks what a run or sweep asked; parts it does not speak of stay as in `base`. */
export function fromSpec(spec: Partial<RunSpec & SweepSpec>, base: Draft): Draft {
  const metrics = asMetrics(spec.metrics) ?? [{ kind: "kl" }];
  const answer = firstAnswer(metrics);
  return {
    ...base,
    prompt: spec.prompt ?? base.prompt,
    edits: spec.over ? base.edits : asEdits(spec.edits),
    held: asEdits(spec.held),
    ordered: spec.ordered ?? false,
    metrics,
    readPosition: spec.read_position ?? -1,
    topK: spec.top_k ?? 10,
    op: spec.op ?? base.op,
    over: spec.over ? asOver(spec.over) : base.over,
    answer: answer ?? base.answer,
    foil: firstFoil(metrics) ?? base.foil,
    // A question that names an answer has chosen it.
    answerFor: answer === null ? base.answerFor : (spec.prompt ?? base.prompt),
    foilFor: firstFoil(metrics) ? sourceIn([spec.op, ...opsOf(spec)]) : base.foilFor,
    answerBy: answer === null || same(answer, base.answer) ? base.answerBy : "hand",
  };
}
