// The question being written: shared by the workbench (edits) and the explorer (op over axes).
import { create } from "zustand";
import type { Edit, Metric, Op, Over, Prompt, RunSpec, SweepSpec, Target } from "../api/types";
import { asEdits, asMetrics, asOver } from "./accept";
import { firstAnswer, firstFoil } from "./metrics";

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
};

interface DraftState {
  draft: Draft;
  selected: number;
  past: Draft[];
  future: Draft[];
  /** Changes some fields; the previous draft can be had back with undo. */
  change: (fields: Partial<Draft>, selected?: number) => void;
  select: (index: number) => void;
  place: (target: Target, add: boolean) => void;
  remove: (index: number) => void;
  undo: () => void;
  redo: () => void;
  load: (draft: Draft) => void;
}

const KEPT = 100;

export const useDraft = create<DraftState>((set, get) => ({
  draft: EXAMPLE,
  selected: 0,
  past: [],
  future: [],
  change: (fields, selected) =>
    set(({ draft, past, selected: before }) => ({
      draft: { ...draft, ...fields },
      past: [...past.slice(-KEPT), draft],
      future: [],
      selected: selected ?? before,
    })),
  select: (index) => set({ selected: index }),
  place: (target, add) => {
    const { draft, selected, change } = get();
    const current = draft.edits[selected];
    const op = current?.op ?? ({ kind: "zero" } as const);
    if (add || !current) {
      change({ edits: [...draft.edits, { target, op }] }, draft.edits.length);
    } else {
      change({
        edits: draft.edits.map((edit, i) => (i === selected ? { ...edit, target } : edit)),
      });
    }
  },
  remove: (index) => {
    const { draft, selected, change } = get();
    const edits = draft.edits.filter((_, i) => i !== index);
    change(
      { edits },
      Math.max(0, Math.min(selected - (index < selected ? 1 : 0), edits.length - 1)),
    );
  },
  undo: () =>
    set(({ draft, past, future }) =>
      past.length
        ? { draft: past.at(-1)!, past: past.slice(0, -1), future: [draft, ...future], selected: 0 }
        : {},
    ),
  redo: () =>
    set(({ draft, past, future }) =>
      future.length
        ? { draft: future[0]!, past: [...past, draft], future: future.slice(1), selected: 0 }
        : {},
    ),
  load: (draft) => set({ draft, past: [], future: [], selected: 0 }),
}));

/** What a run and a sweep have in common beside the prompt; defaults are left out. */
function heldFields({ held, ordered }: Draft): Pick<RunSpec, "held" | "ordered"> {
  return { ...(held.length > 0 && { held }), ...(ordered && { ordered }) };
}

export function toRun(draft: Draft): RunSpec {
  return {
    prompt: draft.prompt,
    edits: draft.edits,
    ...heldFields(draft),
    metrics: draft.metrics,
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
    metrics: draft.metrics,
    read_position: draft.readPosition,
    top_k: draft.topK,
  };
}

/** A draft that asks what a run or sweep asked; parts it does not speak of stay as in `base`. */
export function fromSpec(spec: Partial<RunSpec & SweepSpec>, base: Draft): Draft {
  const metrics = asMetrics(spec.metrics) ?? [{ kind: "kl" }];
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
    answer: firstAnswer(metrics) ?? base.answer,
    foil: firstFoil(metrics) ?? base.foil,
  };
}
