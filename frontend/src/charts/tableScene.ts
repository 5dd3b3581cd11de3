// A table as a scene: for the files of views that show their numbers in rows.
import { LETTER, label, line, type Mark, type Scene, SMALL } from "./scene";

export interface TableColumn {
  head: string;
  /** Numbers end at the right. */
  num?: boolean;
}

/** A drawing at the end of each row. */
export interface TableBars {
  head: string;
  bars: readonly Scene[];
}

const HEAD = 26;
const GAP = 20;
/** Around the bars of a row. */
const MARGIN = 5;

/** Letters of East Asian scripts are twice as wide. */
function lettersOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0);
}

/** Column heads, a line, and a row for each line of texts. */
export function tableScene(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  beside?: TableBars,
): Scene {
  const marks: Mark[] = [];
  const bars = beside?.bars.map(({ height }) => height + 2 * MARGIN) ?? [];
  const row = Math.max(HEAD, ...bars);
  const middle = (index: number) => HEAD + (index + 0.5) * row;
  let x = 0;
  columns.forEach(({ head, num }, at) => {
    const texts = rows.map((row) => row[at] ?? "");
    const letters = texts.reduce((most, text) => Math.max(most, lettersOf(text)), lettersOf(head));
    const width = Math.ceil(letters * LETTER * SMALL);
    const place = num ? { x: x + width, anchor: "end" as const } : { x };
    marks.push(label({ ...place, y: HEAD / 2, text: head, weight: 600 }));
    texts.forEach((text, index) => {
      marks.push(label({ ...place, y: middle(index), text, fill: "--ink" }));
    });
    x += width + GAP;
  });
  if (beside) {
    marks.push(label({ x, y: HEAD / 2, text: beside.head, weight: 600 }));
    beside.bars.forEach((bar, index) => {
      const y = middle(index) - bar.height / 2;
      marks.push({ kind: "group", x, y, marks: bar.marks });
    });
    const widest = beside.bars.reduce((most, bar) => Math.max(most, bar.width), 0);
    x += Math.max(widest, Math.ceil(lettersOf(beside.head) * LETTER * SMALL)) + GAP;
  }
  const width = Math.max(0, x - GAP);
  const below = (y: number) => line(0, y, width, y);
  const between = rows.map((_, index) => below(HEAD + (index + 1) * row)).join("");
  marks.push({ kind: "path", d: below(HEAD), stroke: "--line-strong" });
  if (between) marks.push({ kind: "path", d: between, stroke: "--line" });
  return { width, height: HEAD + rows.length * row, marks };
}
