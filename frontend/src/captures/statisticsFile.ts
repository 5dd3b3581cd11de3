// The statistics of a capture's parts as a file.
import type { CaptureEntry, CaptureRecord } from "../api/types";
import type { ChartFile } from "../charts/exportFiles";
import { originLine } from "../charts/origin";
import { tableScene } from "../charts/tableScene";
import { csvText } from "../lib/csv";
import { count, number } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { editText } from "../lib/names";
import { entryName } from "./entry";

type Statistics = CaptureEntry["statistics"];

interface Column {
  key: keyof Statistics;
  name: string;
  means: string;
  /** Its entry in the glossary. */
  word?: WordId;
}

/** What the page and its files show of each part. */
export const COLUMNS: readonly Column[] = [
  { key: "mean", name: "Mean", means: "of all values" },
  { key: "std", name: "Std", means: "standard deviation of all values", word: "std" },
  { key: "min", name: "Min", means: "the least value" },
  { key: "max", name: "Max", means: "the greatest value" },
  {
    key: "mean_norm",
    name: "Mean norm",
    means: "mean length of the vectors, one for each position (and head)",
    word: "norm",
  },
  { key: "n_zero", name: "Zeros", means: "how many values are exactly 0" },
];

/** A statistic in words; one that no value is left for is none, not 0. */
export function statistic(statistics: Statistics, { key }: Column): string {
  const value = statistics[key];
  if (value === null) return "none";
  return key === "n_zero" ? value.toLocaleString("en") : number(value);
}

export function editsOf({ data }: CaptureRecord): string {
  const edits = data.spec.edits ?? [];
  if (edits.length === 0) return "The model as it is, without an edit.";
  return `With these edits: ${edits.map((edit) => editText(edit, data.tokens)).join("; ")}.`;
}

export function statisticsFile(record: CaptureRecord): ChartFile {
  const { data } = record;
  const left = data.entries.reduce((sum, { statistics }) => sum + statistics.n_non_finite, 0);
  return {
    name: `neuronscope-capture-${data.capture_hash.slice(0, 8)}`,
    title: "Statistics of the captured values, in the model’s own units",
    notes: [
      editsOf(record),
      ...COLUMNS.map(({ name, means }) => `${name}: ${means}`),
      ...(left > 0 ? [`${count(left, "value is", "values are")} not finite and left out`] : []),
    ],
    source: [originLine(data, `capture ${data.capture_hash}`)],
    parts: () => [picture(data)],
    csv: () => statisticsCsv(data.entries),
    json: () => JSON.stringify(record, null, 2),
  };
}

function picture({ entries, tokens }: CaptureRecord["data"]) {
  const heads = COLUMNS.map(({ name }) => ({ head: name, num: true }));
  const rows = entries.map((entry) => [
    entryName(entry, tokens),
    `${entry.shape.join(" × ")} ${entry.dtype}`,
    ...COLUMNS.map((column) => statistic(entry.statistics, column)),
  ]);
  return tableScene([{ head: "Part" }, { head: "Shape" }, ...heads], rows);
}

const KEYS: readonly (keyof Statistics)[] = [
  "n",
  "mean",
  "std",
  "min",
  "max",
  "mean_norm",
  "max_norm",
  "n_zero",
  "n_non_finite",
];

function statisticsCsv(entries: readonly CaptureEntry[]): string {
  return csvText([
    ["part", "site", "layer", "dims", "shape", "dtype", ...KEYS],
    ...entries.map(({ name, site, layer, dims, shape, dtype, statistics }) => [
      ...[name, site, layer, dims.join(" x "), shape.join(" x "), dtype],
      ...KEYS.map((key) => statistics[key]),
    ]),
  ]);
}
