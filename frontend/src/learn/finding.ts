// What Locate finds in a grid of layers and positions: where the answer arrives, and where it sat.
import type { GridData } from "../api/types";
import { pointOf } from "../charts/heatLayout";
import type { Shown } from "../explorer/gridView";
import { visible } from "../lib/format";
import { showIndices } from "../lib/indices";

/** Cells with at least half of the largest effect count as places where the answer is. */
const SHARE = 0.5;

interface Strong {
  index: number;
  layer: number;
  position: number;
}

/** The strong cells of a grid, from the first layer on. */
function strong(grid: GridData, { values }: Shown): Strong[] {
  const size = (index: number) => Math.abs(values[index] ?? 0);
  const largest = Math.max(...values.map((_, index) => size(index)));
  return values
    .map((_, index) => index)
    .filter((index) => size(index) > 0 && size(index) >= largest * SHARE)
    .map((index) => {
      const { layer, position } = pointOf(grid, index);
      return { index, layer: Number(layer), position: Number(position) };
    })
    .sort((x, y) => x.layer - y.layer);
}

const lastOf = (grid: GridData) => Math.max(...grid.coords.position!.map(Number));

/** The first layer at whose entrance the last position carries at least half of the largest effect. */
export function arrival(grid: GridData, shown: Shown): number | null {
  const last = lastOf(grid);
  return strong(grid, shown).find(({ position }) => position === last)?.index ?? null;
}

export function metricOf(grid: GridData, asked: string | null): string {
  const all = Object.keys(grid.metrics);
  return asked && all.includes(asked) ? asked : (all.find((each) => each !== "kl") ?? all[0]!);
}

/** "It enters layer 4 at ␣in, the last word. Before that it sat at ␣Eiffel (entering layers 0-3)." */
export function whereItSat(grid: GridData, shown: Shown): string {
  const last = lastOf(grid);
  const cells = strong(grid, shown);
  const word = (position: number) => {
    const token = grid.tokens.find(({ index }) => index === position);
    return token ? `\`${visible(token.text)}\`` : `position ${position}`;
  };
  const first = cells.find(({ position }) => position === last);
  if (!first) return "No layer has half of the strongest effect at the last word.";
  const others = [...new Set(cells.map(({ position }) => position))].filter(
    (each) => each !== last,
  );
  const before = others.map((position) => {
    const layers = cells.filter((cell) => cell.position === position).map(({ layer }) => layer);
    return `${word(position)} (entering layer${layers.length > 1 ? "s" : ""} ${showIndices(layers)})`;
  });
  const sat = before.length ? ` Before that it sat at ${before.join(" and at ")}.` : "";
  return `It is there entering layer ${first.layer}, at ${word(last)}, the last word.${sat}`;
}
