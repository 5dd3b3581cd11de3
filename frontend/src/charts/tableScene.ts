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

const ROW = 26;
const GAP = 20;

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
  let x = 0;
  columns.forEach(({ head, num }, at) => {
    const texts = rows.map((row) => row[at] ?? "");
    const letters = texts.reduce((most, text) => Math.max(most, lettersOf(text)), lettersOf(head));
    const width = letters * LETTER * SMALL;
    const place = num ? { x: x + width, anchor: "end" as const } : { x };
    marks.push(label({ ...place, y: ROW / 2, text: head, weight: 600 }));
    texts.forEach((text, row) => {
      marks.push(label({ ...place, y: (row + 1.5) * ROW, text, fill: "--ink" }));
    });
    x += width + GAP;
  });
  if (beside) {
    marks.push(label({ x, y: ROW / 2, text: beside.head, weight: 600 }));
    beside.bars.forEach((bar, row) => {
      const y = (row + 1) * ROW + (ROW - bar.height) / 2;
      marks.push({ kind: "group", x, y, marks: bar.marks });
    });
    const widest = beside.bars.reduce((most, bar) => Math.max(most, bar.width), 0);
    x += Math.max(widest, lettersOf(beside.head) * LETTER * SMALL) + GAP;
  }
  const width = Math.max(0, x - GAP);
  marks.push({ kind: "path", d: line(0, ROW, width, ROW), stroke: "--line-strong" });
  return { width, height: (rows.length + 1) * ROW, marks };
}
