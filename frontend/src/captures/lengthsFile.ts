// The lengths of a part's vectors as a file: the bars that the page shows, or their numbers.
import type { CaptureEntry, CaptureRecord } from "../api/types";
import type { ChartFile } from "../charts/exportFiles";
import { originLine } from "../charts/origin";
import type { Scene } from "../charts/scene";
import { tableScene } from "../charts/tableScene";
import { csvText } from "../lib/csv";
import { count, number } from "../lib/format";
import { entryName, placeLabel } from "./entry";
import type { AtPosition } from "./lengths";
import { editsOf } from "./statisticsFile";

const [WIDTH, HEIGHT] = [160, 12];

/** A length as a bar; those of one part share a scale from 0 to the longest. */
export function lengthBars(lines: readonly AtPosition[]): Scene[] {
  const most = Math.max(
    0,
    ...lines.map(({ length }) => length).filter((each) => Number.isFinite(each)),
  );
  return lines.map(({ length }) => {
    const width = most > 0 && Number.isFinite(length) ? (length / most) * WIDTH : 0;
    const mark = { kind: "rect" as const, x: 0, y: 1, width, height: HEIGHT - 2, fill: "--clean" };
    return { width: WIDTH, height: HEIGHT, marks: width > 0 ? [mark] : [] };
  });
}

export function showLength(length: number): string {
  return Number.isFinite(length) ? number(length) : "not finite";
}

export function lengthsFile(
  record: CaptureRecord,
  entry: CaptureEntry,
  lines: readonly AtPosition[],
): ChartFile {
  const { data } = record;
  const name = entryName(entry, data.tokens);
  const without = lines.filter(({ length }) => !Number.isFinite(length)).length;
  const rows = lines.map(({ position, length }) => [
    placeLabel("position", position, data.tokens),
    showLength(length),
  ]);
  return {
    name: `neuronscope-capture-${data.capture_hash.slice(0, 8)}-${entry.name}-lengths`,
    title: `Length of the values of ${name} at each position`,
    notes: [
      editsOf(record),
      "Euclidean length (norm) over all values there, in the model’s own units; bars from 0",
      ...(without > 0 ? [`${count(without, "position has", "positions have")} no length`] : []),
    ],
    source: [originLine(data, `capture ${data.capture_hash}`)],
    parts: () => [
      tableScene([{ head: "Position" }, { head: "Length", num: true }], rows, {
        head: "From 0",
        bars: lengthBars(lines),
      }),
    ],
    csv: () =>
      csvText([
        ["part", "position", "token", "length"],
        ...lines.map(({ position, length }) => [
          ...[entry.name, position, data.tokens[position]?.text ?? ""],
          Number.isFinite(length) ? length : null,
        ]),
      ]),
    json: () =>
      JSON.stringify(
        { kind: "lengths", capture: data.capture_hash, entry, lengths: lines },
        null,
        2,
      ),
  };
}
