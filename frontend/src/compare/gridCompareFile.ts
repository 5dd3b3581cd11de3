// A comparison of two grids as a file: the three pictures with their one legend, or the numbers.
import type { GridData } from "../api/types";
import { BETWEEN, type ChartFile, FILE_THEME } from "../charts/exportFiles";
import { pointOf } from "../charts/heatLayout";
import { heatScene } from "../charts/heatScene";
import { legendScene } from "../charts/legendScene";
import { originLine } from "../charts/origin";
import { label, type Scene, stack } from "../charts/scene";
import { showValue } from "../explorer/gridView";
import { csvText } from "../lib/csv";
import { type Outcome, whatWasDone } from "./describe";
import { layOutMap, mapPicture } from "./mapPicture";
import type { MetricPair, Trio } from "./pair";
import { SIDES, trioChart, whatOf } from "./trioChart";

const WIDTH = 760;
const LEGEND = 360;
const TITLE = 24;

interface Compared {
  a: GridData;
  b: GridData;
  pair: MetricPair;
  three: Trio;
}

export function gridCompareFile(compared: Compared): ChartFile {
  const { a, b, pair, three } = compared;
  const { title, notes } = trioChart(three, FILE_THEME);
  const { status } = three.difference;
  const pending = status.filter((each) => each === "pending").length;
  const failed = status.filter((each) => each !== "ok" && each !== "pending").length;
  const holes = [
    pending > 0 && `hatched: ${pending} of ${status.length} cells have not run in both`,
    failed > 0 && `crossed: ${failed} without a value in both`,
  ];
  return {
    name: compareName(a, b),
    title: `A, B and B − A: ${title}`,
    notes: [...notes, ...holes].filter((each): each is string => Boolean(each)),
    source: sourceOf(a, b),
    parts: () => pictures(compared),
    csv: () => differenceCsv(a, three),
    json: () => comparisonJson(a, b, { metric: pair, difference: three.difference }),
  };
}

export function compareName(a: Outcome, b: Outcome): string {
  return `neuronscope-compare-${a.spec_hash.slice(0, 8)}-${b.spec_hash.slice(0, 8)}`;
}

/** What A and B are: what was done, and the hash, model and prompt of each. */
export function sourceOf(a: Outcome, b: Outcome): string[] {
  return [a, b].map(
    (side, index) =>
      `${"AB"[index]}: ${whatWasDone(side)}${BETWEEN}${originLine(side, `spec ${side.spec_hash}`)}`,
  );
}

/** Both results as they are stored, and what was made of them. */
export function comparisonJson(a: Outcome, b: Outcome, made: Record<string, unknown>): string {
  return JSON.stringify({ kind: "comparison", ...made, a, b }, null, 2);
}

function pictures({ a, b, three }: Compared): Scene[] {
  const { scale } = trioChart(three, FILE_THEME);
  const { difference } = three;
  const show = (value: number) => showValue(difference, value);
  const legend = { ...scale, floor: difference.floor, controls: [], show, width: LEGEND };
  const maps = SIDES.map(({ key, title }) => {
    const grid = key === "b" ? b : a;
    const picture = mapPicture(grid, three[key], layOutMap(grid, WIDTH), scale);
    return stack([heading(title), heatScene(picture, "shapes")], 0);
  });
  return [legendScene(legend), ...maps];
}

function heading(text: string): Scene {
  const mark = label({ x: 0, y: TITLE / 2, text, size: 14, weight: 600, fill: "--ink" });
  return { width: 0, height: TITLE, marks: [mark] };
}

/** One row for each cell: its coordinates, A, B and B − A; empty where a value is missing. */
export function differenceCsv(grid: GridData, three: Trio): string {
  const { a, b, difference } = three;
  const constant = [whatOf(three), difference.unit, difference.floor];
  const head = [...grid.dims, "A", "B", "B - A", "A status", "B status"];
  const rows = difference.values.map((value, index) => {
    const point = pointOf(grid, index);
    return [
      ...grid.dims.map((dim) => point[dim]),
      ...[a.values[index], b.values[index], value],
      ...[a.status[index], b.status[index]],
      ...constant,
    ];
  });
  return csvText([[...head, "metric", "unit", "noise floor of B - A"], ...rows]);
}
