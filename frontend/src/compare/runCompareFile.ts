// A comparison of two runs as files: what the edits did, and what is said after them.
import type { Result } from "../api/types";
import type { ChartFile } from "../charts/exportFiles";
import { tableScene } from "../charts/tableScene";
import { csvText } from "../lib/csv";
import { compareName, comparisonJson, sourceOf } from "./gridCompareFile";
import type { RunLine, TokenLine } from "./pair";
import {
  BELOW_NOISE,
  barKey,
  barScene,
  metricLines,
  NAMES,
  scales,
  type TrioLine,
  tokenLines,
} from "./trioLines";

const COLUMNS = NAMES.map((head) => ({ head, num: true }));

export function metricsFile(a: Result, b: Result, pairs: readonly RunLine[]): ChartFile {
  const lines = metricLines(pairs);
  return {
    name: `${compareName(a, b)}-metrics`,
    title: "A, B and B − A: change of each metric by the edit",
    notes: [
      "bars: each metric on a scale of its own, from 0 in the middle",
      `${BELOW_NOISE}: no larger than both noise floors together`,
    ],
    source: sourceOf(a, b),
    parts: () => [barKey(), picture("Change by the edit", lines, false)],
    csv: () =>
      csvText([
        ["metric", "unit", "A", "B", "B - A", "noise floor of B - A"],
        ...pairs.map(({ title, unit, a: x, b: y, difference, floor }) => [
          ...[title, unit],
          ...[x, y, difference, floor],
        ]),
      ]),
    json: () => comparisonJson(a, b, { metrics: pairs }),
  };
}

export function tokensFile(a: Result, b: Result, pairs: readonly TokenLine[]): ChartFile {
  const lines = tokenLines(pairs);
  return {
    name: `${compareName(a, b)}-tokens`,
    title: "A, B and B − A: probability of the top tokens after the edit",
    notes: [
      "next-token probability, B − A in percentage points",
      "bars: all on one scale, from 0 in the middle",
      "–: not among the top tokens that were kept",
    ],
    source: sourceOf(a, b),
    parts: () => [barKey(), picture("Token", lines, true)],
    csv: () =>
      csvText([
        ["id", "token", "probability in A", "probability in B", "B - A"],
        ...pairs.map(({ id, token }, index) => [id, token, ...lines[index]!.values]),
      ]),
    json: () => comparisonJson(a, b, { tokens: pairs }),
  };
}

function picture(first: string, lines: readonly TrioLine[], shared: boolean) {
  const most = scales(lines, shared);
  const rows = lines.map(({ name, unit, says }) => [unit ? `${name}, ${unit}` : name, ...says]);
  const bars = lines.map(({ values }, index) => barScene(values, most[index]!));
  return tableScene([{ head: first }, ...COLUMNS], rows, { head: "On one scale", bars });
}
