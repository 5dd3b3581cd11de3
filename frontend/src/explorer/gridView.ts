// What a grid shows for one metric: numbers, units, words, and the experiment behind a cell.
import type { CellStatus, Edit, GridData, MetricInfo, RunSpec, Site } from "../api/types";
import { type Coordinate, pointOf } from "../charts/heatLayout";
import { changeInUnit, inUnit, visible } from "../lib/format";
import { kept } from "../lib/memo";
import { metricTitle, placeText } from "../lib/names";
import { keyValueHeads, SITES } from "../lib/words";
import { targetOf } from "./gridWords";

export interface Shown {
  key: string;
  name: string;
  unit: string;
  /** Change against the clean run where there is a clean value; otherwise the value itself. */
  isChange: boolean;
  signed: boolean;
  values: (number | null)[];
  status: readonly CellStatus[];
  floor: number | null;
  /** Standard deviations between draws; empty where nothing is drawn several times. */
  spread: readonly (number | null)[];
  /** What a positive number means, by the colours of the scale's ends. */
  positive: (ends: { up: string; down: string }) => string;
}

const UNSIGNED = new Set(["kl", "js"]);

/** A metric's name among those of its grid: its tokens are left out where nothing else is meant. */
export function metricTab(grid: GridData, key: string): string {
  const { kind, label, tokens } = grid.metrics[key]!;
  const alike = Object.values(grid.metrics).filter((each) => each.kind === kind);
  return metricTitle(alike.length > 1 ? { kind, label, tokens } : { kind, label: kind });
}

export function shownMetric(grid: GridData, key: string): Shown {
  const metric = grid.metrics[key]!;
  const signed = !UNSIGNED.has(metric.kind);
  const isChange = signed && metric.kind !== "recovered" && metric.clean !== null;
  const raw = grid.values[key] ?? [];
  return {
    key,
    name: metricTitle(metric),
    unit: metric.unit,
    isChange,
    signed,
    values: isChange
      ? raw.map((value) => (value === null ? null : value - metric.clean!))
      : [...raw],
    status: grid.status[key] ?? [],
    floor: metric.floor ?? null,
    spread: grid.spread?.[key] ?? [],
    positive: (ends) => meaning(metric, ends),
  };
}

function meaning(metric: MetricInfo, { up, down }: { up: string; down: string }): string {
  switch (metric.kind) {
    case "kl":
    case "js":
      return "larger: the edit moves the next-token distribution more";
    case "rank":
      return `${up}: the edit pushes the answer down the list; ${down}: up`;
    case "recovered":
      return `0: as in this prompt; 1: as in the source prompt; ${down}: even less like the source`;
    case "logit_diff":
      return `${up}: the edit favours the answer; ${down}: the foil`;
    default:
      return `${up}: the edit raises it; ${down}: it lowers it`;
  }
}

/** What the numbers are in, in words: "percentage points", "nats". */
export function unitOf(shown: Shown): string {
  if (shown.unit !== "probability") return shown.unit;
  return shown.isChange ? "percentage points" : "probability";
}

export function showValue(shown: Shown, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return shown.isChange ? changeInUnit(value, shown.unit) : inUnit(value, shown.unit);
}

/** " ± 0.03", the standard deviation between a cell's draws; empty where there is none. */
export function showSpread(shown: Shown, index: number): string {
  const spread = shown.spread[index];
  if (spread === null || spread === undefined) return "";
  return ` ± ${showValue(shown, spread).replace("+", "")}`;
}

/** The number alone: the legend has the unit. */
export function cellText(shown: Shown, value: number | null | undefined): string {
  return showValue(shown, value).replace(/ (pp|%)$/, "");
}

/** A coordinate as its axis writes it. */
export function coordinateLabel(grid: GridData, dim: string, value: Coordinate): string {
  switch (dim) {
    case "site":
      return SITES[value as Site]?.label ?? String(value);
    case "head":
      return `${hasKeyValueHeads(grid) ? "KV" : "H"}${value}`;
    case "position":
    case "key": {
      const token = grid.tokens[Number(value)];
      return token ? `${visible(token.text)} ${value}` : String(value);
    }
    default:
      return String(value);
  }
}

function hasKeyValueHeads(grid: GridData): boolean {
  return keyValueHeads((grid.coords.site ?? []) as Site[]);
}

/** "MLP of layer 3 at ␣Tower". */
export function cellName(grid: GridData, index: number): string {
  return placeText(targetOf(grid, index), grid.tokens);
}

export const STATUS_WORDS: Record<CellStatus, string> = {
  ok: "",
  undefined: "undefined here",
  non_finite: "the model’s output is not a number",
  pending: "not run yet",
  failed: "failed",
};

/** The run that a cell stands for, or several cells' edits together. */
export function cellRun(grid: GridData, ...indices: number[]): RunSpec {
  return {
    prompt: grid.spec.prompt,
    edits: indices.map((index): Edit => ({ target: targetOf(grid, index), op: grid.spec.op })),
    ...(grid.spec.held?.length && { held: grid.spec.held }),
    ...(grid.spec.ordered && { ordered: true }),
    metrics: grid.spec.metrics,
    read_position: grid.spec.read_position,
    top_k: grid.spec.top_k,
  };
}

/** The metric that is shown first: what tells the source's answer from damage, where it can. */
export function firstMetric(grid: GridData): string {
  const keys = Object.keys(grid.metrics);
  const tells = (key: string) => {
    if (grid.metrics[key]!.kind !== "recovered") return false;
    const status = grid.status?.[key] ?? [];
    return status.length === 0 || status.some((each) => each === "ok" || each === "pending");
  };
  return keys.find(tells) ?? keys.find((key) => key !== "kl") ?? keys[0]!;
}

/** The cell that the card shows while none is pinned, and what it is among the others. */
export const cardCell = kept((grid: GridData, shown: Shown): CardCell | null => {
  const best = extremes(shown);
  if (!best) return null;
  const alike = writtenAlike(shown, best.value);
  if (alike > 1) return { index: best.index, says: `One of ${alike} with the largest effect` };
  // Where the stream is read, a patch does everything by construction: another place tells more.
  const read = grid.clean.position;
  const there = (index: number) => pointOf(grid, index).position === read;
  const stream = String(pointOf(grid, best.index).site).startsWith("resid");
  if (grid.spec.op.kind === "patch" && stream && there(best.index)) {
    const values = shown.values.map((value, index) => (there(index) ? null : value));
    const other = extremes({ ...shown, values });
    if (other && Math.abs(other.value) >= Math.abs(best.value) / 2)
      return { index: other.index, says: "Largest effect at an earlier word" };
  }
  return { index: best.index, says: "Largest effect" };
});

interface CardCell {
  index: number;
  says: string;
}

/** How many values are written like the largest one; those end where one is written otherwise. */
function writtenAlike(shown: Shown, largest: number): number {
  const text = showValue(shown, largest);
  const sizes = shown.values.filter((value): value is number => (value ?? 0) * largest > 0);
  const falling = Float64Array.from(sizes, Math.abs).sort().reverse();
  const sign = Math.sign(largest);
  const other = falling.findIndex((size) => showValue(shown, size * sign) !== text);
  return largest === 0
    ? shown.values.filter((value) => value === 0).length
    : other < 0
      ? falling.length
      : other;
}

export function extremes(shown: Shown): { index: number; value: number } | null {
  let best: { index: number; value: number } | null = null;
  shown.values.forEach((value, index) => {
    if (value !== null && (!best || Math.abs(value) > Math.abs(best.value)))
      best = { index, value };
  });
  return best;
}
