// Where the marks of a top-k dumbbell stand: one row per token, clean and edited on one axis.
import { scaleLinear, scaleLog } from "d3-scale";
import type { TokenScore } from "../api/types";
import { percent } from "../lib/format";

export interface DumbbellRow {
  id: number;
  token: string;
  y: number;
  clean: number | null;
  edited: number | null;
  cleanP: number | null;
  editedP: number | null;
  cleanRank: number | null;
  editedRank: number | null;
}

export interface DumbbellLayout {
  rows: DumbbellRow[];
  ticks: { x: number; label: string }[];
  height: number;
  /** Where the plot begins: what is not in a list is drawn open, at this edge. */
  edge: number;
  /** The least probability in either list: an absent token has at most about this. */
  least: { clean: number; edited: number };
}

const ROW = 25;
const TOP = 22;

interface Options {
  width: number;
  left: number;
  right: number;
  log: boolean;
  limit: number;
}

type Ranked = { score: TokenScore; rank: number };

function ranks(list: readonly TokenScore[]): Map<number, Ranked> {
  return new Map(list.map((score, index) => [score.id, { score, rank: index + 1 }]));
}

/** Rows in order of the larger of the two probabilities. */
export function dumbbellLayout(
  clean: readonly TokenScore[],
  edited: readonly TokenScore[],
  { width, left, right, log, limit }: Options,
): DumbbellLayout {
  const [before, after] = [ranks(clean), ranks(edited)];
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  const p = (from: Map<number, Ranked>, id: number) => from.get(id)?.score.prob ?? null;
  const best = (id: number) => Math.max(p(before, id) ?? 0, p(after, id) ?? 0);
  const shown = ids.sort((a, b) => best(b) - best(a)).slice(0, limit);

  const known = shown.flatMap((id) => [p(before, id), p(after, id)]).filter((v) => v !== null);
  const most = Math.max(1e-6, ...known);
  const floor = Math.max(1e-9, Math.min(most / 10, ...known.filter((v) => v > 0)));
  const range: [number, number] = [left, width - right];
  const scale = log ? scaleLog([floor, most], range).nice() : scaleLinear([0, most], range).nice(5);
  const at = (value: number | null) =>
    value === null ? null : scale(log ? Math.max(value, floor) : value);
  const ticks = log ? scale.ticks(4).filter(isPowerOfTen) : scale.ticks(5);

  return {
    rows: shown.map((id, index) => ({
      id,
      token: (before.get(id) ?? after.get(id))!.score.token,
      y: TOP + index * ROW + ROW / 2,
      clean: at(p(before, id)),
      edited: at(p(after, id)),
      cleanP: p(before, id),
      editedP: p(after, id),
      cleanRank: before.get(id)?.rank ?? null,
      editedRank: after.get(id)?.rank ?? null,
    })),
    ticks: ticks.map((value) => ({
      x: scale(value),
      label: percent(value).replace(" ", "\u202f"),
    })),
    height: TOP + shown.length * ROW + 8,
    edge: left,
    least: { clean: clean.at(-1)?.prob ?? 0, edited: edited.at(-1)?.prob ?? 0 },
  };
}

function isPowerOfTen(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
}
