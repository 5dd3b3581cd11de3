// Two runs as lines of three numbers, A, B and B − A, with bars: for the page and for files.
import type { MetricKind } from "../api/types";
import { label, line, type Mark, type Scene } from "../charts/scene";
import { changeInUnit, percent, visible } from "../lib/format";
import type { RunLine, TokenLine } from "./pair";

export type Three = readonly [a: number | null, b: number | null, difference: number | null];

export interface TrioLine {
  key: string;
  /** A token's white space is visible here. */
  name: string;
  /** A metric's entry in the glossary. */
  word?: MetricKind;
  /** Beside the name; empty where the numbers say it themselves. */
  unit: string;
  token: boolean;
  values: Three;
  /** The same three in words. */
  says: readonly [string, string, string];
}

export const NAMES = ["A", "B", "B − A"] as const;
export const BELOW_NOISE = "≤ noise";
const NO_FLOOR = "noise not known";

export function metricLines(pairs: readonly RunLine[]): TrioLine[] {
  return pairs.map(({ title, kind, unit, a, b, difference, floor, told }) => {
    const say = (value: number | null) => changeInUnit(value, unit);
    const noise = floor === null ? NO_FLOOR : BELOW_NOISE;
    return {
      key: title,
      name: title,
      word: kind,
      unit: unit === "probability" ? "" : unit,
      token: false,
      values: [a, b, difference],
      says: [say(a), say(b), told || difference === null ? say(difference) : noise],
    };
  });
}

export function tokenLines(pairs: readonly TokenLine[]): TrioLine[] {
  const say = (p: number | null) => (p === null ? "–" : percent(p));
  return pairs.map(({ id, token, a, b }) => {
    const difference = a === null || b === null ? null : b - a;
    return {
      key: String(id),
      name: visible(token),
      unit: "",
      token: true,
      values: [a, b, difference],
      says: [say(a), say(b), changeInUnit(difference, "probability")],
    };
  });
}

/** The length of the longest bar of each line: of all lines together, or of its own. */
export function scales(lines: readonly TrioLine[], shared: boolean): number[] {
  const sizes = lines.map(({ values }) => Math.max(...values.map((each) => Math.abs(each ?? 0))));
  const most = Math.max(0, ...sizes);
  return shared ? sizes.map(() => most) : sizes;
}

const [WIDTH, HEIGHT, STEP] = [220, 26, 8];
const INKS = ["--clean", "--edited", "--ink"] as const;

/** Three bars from one zero in the middle; a value that is missing has none. */
export function barScene(values: Three, most: number): Scene {
  const middle = WIDTH / 2;
  const marks: Mark[] = [
    { kind: "path", d: line(middle, 0, middle, HEIGHT), stroke: "--line-strong" },
  ];
  values.forEach((value, index) => {
    if (value === null || most === 0) return;
    const width = (Math.abs(value) / most) * (middle - 2);
    const [x, y] = [value < 0 ? middle - width : middle, 1 + index * STEP];
    marks.push({ kind: "rect", x, y, width, height: STEP - 2, fill: INKS[index]! });
  });
  return { width: WIDTH, height: HEIGHT, marks };
}

/** Which bar is which. */
export function barKey(): Scene {
  const marks = NAMES.flatMap((text, index): Mark[] => [
    { kind: "rect", x: index * 56, y: 5, width: 14, height: STEP - 2, fill: INKS[index]! },
    label({ x: index * 56 + 19, y: 8, text }),
  ]);
  return { width: NAMES.length * 56, height: 16, marks };
}
