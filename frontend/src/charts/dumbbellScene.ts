// The top tokens of two runs as a scene: a row for each token, round is clean, diamond edited.
import { percent, visible } from "../lib/format";
import type { DumbbellLayout, DumbbellRow } from "./dumbbellLayout";
import { circle, diamond, label, line, type Mark, type Scene } from "./scene";

export interface DumbbellPicture {
  layout: DumbbellLayout;
  width: number;
  right: number;
  /** A run without an edit: only one of the two is drawn. */
  same: boolean;
  /** The longest token that is written in full. */
  letters: number;
}

const R = 5;

export function dumbbellScene(picture: DumbbellPicture): Scene {
  const { layout, width } = picture;
  const marks: Mark[] = layout.ticks.flatMap(({ x, label: text }) => [
    { kind: "path", d: line(x, 18, x, layout.height - 6), stroke: "--line" },
    label({ x, y: 7, text, anchor: "middle" }),
  ]);
  for (const row of layout.rows) marks.push(...rowMarks(row, picture));
  return { width, height: layout.height, marks };
}

export function isFlipped(row: DumbbellRow): boolean {
  return row.editedRank === 1 && row.cleanRank !== 1;
}

function rowMarks(row: DumbbellRow, picture: DumbbellPicture): Mark[] {
  const { layout, width, right, same, letters } = picture;
  const { edge } = layout;
  const y = row.y;
  const [from, to] = [row.clean ?? edge, row.edited ?? edge];
  const flipped = !same && isFlipped(row);
  const marks: Mark[] = [
    label({
      x: edge - 14,
      y,
      text: short(visible(row.token), letters),
      anchor: "end",
      font: "mono",
      size: 12.5,
      weight: flipped ? 700 : 400,
      fill: flipped ? "--edited" : "--ink",
    }),
    { kind: "path", d: line(edge, y, width - right, y), stroke: "--line", dash: "1 3" },
  ];
  if (!same) {
    const stroke = to < from ? "--line-strong" : "--edited";
    marks.push({ kind: "path", d: line(from, y, to, y), stroke, width: to < from ? 3 : 2 });
  }
  marks.push({
    kind: "path",
    d: circle(from, y, R),
    fill: row.clean === null ? "--panel" : "--clean",
    stroke: "--clean",
    width: 2,
  });
  if (!same) {
    marks.push({
      kind: "path",
      d: diamond(to, y, R + 2),
      fill: row.edited === null ? "--panel" : "--edited",
      stroke: "--edited",
      width: 1.5,
    });
  }
  const p = same ? row.cleanP : row.editedP;
  marks.push(label({ x: width - 2, y, text: p === null ? "–" : percent(p), anchor: "end" }));
  return marks;
}

function short(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
