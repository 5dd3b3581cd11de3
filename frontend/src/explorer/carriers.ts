// Which cells of a grid carry at least half of the whole effect, gathered by position.
import type { GridData, Site } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import { showIndices } from "../lib/indices";
import type { Shown } from "./gridView";
import { wordAt } from "./gridWords";

export const HALF = 0.5;

export interface Effect {
  index: number;
  /** On the scale that the metric is shown in: 0 is what the unedited prompt does. */
  effect: number;
}

export interface Found {
  /** Every cell with a value, the strongest first; equal ones in the grid's order. */
  strongest: Effect[];
  /** What patching every place does, on the same scale; null where that was not run. */
  full: number | null;
  pending: number;
  /** Cells that ran and have no value for this metric. */
  without: number;
}

export function found(grid: GridData, shown: Shown): Found {
  const strongest: Effect[] = [];
  shown.values.forEach((effect, index) => {
    if (effect !== null && (shown.status[index] ?? "ok") === "ok")
      strongest.push({ index, effect });
  });
  strongest.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || a.index - b.index);
  const control = (grid.controls ?? []).find((each) => each.kind === "full_patch");
  const value = control?.passed ? control.metrics?.[shown.key]?.found : null;
  const clean = shown.isChange ? (grid.metrics[shown.key]?.clean ?? 0) : 0;
  const pending = shown.status.filter((status) => status === "pending").length;
  return {
    strongest,
    full: typeof value === "number" ? value - clean : null,
    pending,
    without: grid.top.length - pending - strongest.length,
  };
}

/** "at least 50 %" is told from 49.6 %: shares are cut, not rounded. */
export function share(part: number): string {
  const value = part * 100;
  if (Math.abs(value) < 1) return "less than 1 %";
  return `${Math.trunc(value).toLocaleString("en").replace("-", "−")} %`;
}

interface Carriers {
  /** "at `␣in` entering layers 4-5", by where they begin: the first few, and how many follow. */
  places: string[];
  more: number;
  /** How it gets from one place to the next, where the layers tell; otherwise "". */
  moves: string;
  cells: number[];
  /** Cells that do half as much in the other direction. */
  against: number;
}

const VERBS: Partial<Record<Site, string>> = {
  resid_pre: "entering",
  resid_mid: "in the middle of",
  resid_post: "leaving",
};

export function carriers(
  grid: GridData,
  { strongest }: Found,
  whole: number,
  named: number,
): Carriers {
  const cells = strongest.filter(({ effect }) => effect / whole >= HALF).map(({ index }) => index);
  const byPosition = new Map<number, number[]>();
  for (const index of cells) {
    const { layer, position } = pointOf(grid, index);
    const layers = byPosition.get(Number(position)) ?? [];
    byPosition.set(Number(position), [...layers, Number(layer)]);
  }
  const columns = [...byPosition]
    .map(([position, layers]) => ({ position, layers: layers.sort((a, b) => a - b) }))
    .sort((a, b) => a.layers[0]! - b.layers[0]! || a.position - b.position);
  const site = (grid.coords.site ?? [])[0] as Site;
  const verb = VERBS[site] ?? "at";
  return {
    places: columns
      .slice(0, named)
      .map(
        ({ position, layers }) =>
          `at ${wordAt(grid, position)} ${verb} layer${layers.length > 1 ? "s" : ""} ${ranges(layers)}`,
      ),
    more: Math.max(0, columns.length - named),
    moves: movement(columns, site),
    cells,
    against: strongest.filter(({ effect }) => effect / whole <= -HALF).length,
  };
}

function ranges(layers: readonly number[]): string {
  return layers.length === 2 && layers[1] === layers[0]! + 1
    ? `${layers[0]}–${layers[1]}`
    : showIndices(layers).replaceAll(/(\d)-(\d)/g, "$1–$2");
}

/** Two columns, one taking over where the other ends: what lies between is told, no more. */
function movement(columns: readonly { layers: number[] }[], site: Site): string {
  const [from, to] = columns;
  if (columns.length !== 2 || !from || !to) return "";
  const unbroken = ({ layers }: { layers: number[] }) =>
    layers.at(-1)! - layers[0]! === layers.length - 1;
  const [last, next] = [from.layers.at(-1)!, to.layers[0]!];
  if (!unbroken(from) || !unbroken(to) || next <= last) return "";
  if (next > last + 1 || site === "resid_mid") return "it moves in between";
  return `it moves in layer ${site === "resid_pre" ? last : next}`;
}
