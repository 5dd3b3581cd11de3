// A laid-out heatmap as a scene: for the page with cells as pixels, for files as shapes.
import type { CellStatus } from "../api/types";
import { cssColour, type Domain, entryOf, textOn } from "./colour";
import type { HeatLayout, Panel } from "./heatLayout";
import { marginalMarks, ROOM } from "./marginalScene";
import {
  type Box,
  cross,
  LETTER,
  label,
  line,
  type Mark,
  type Pixels,
  type Scene,
  SMALL,
} from "./scene";
import type { Marginals } from "./summaries";

export interface HeatPicture {
  layout: HeatLayout;
  values: readonly (number | null)[];
  status: readonly CellStatus[];
  domain: Domain;
  colours: Uint8ClampedArray;
  rowLabels: readonly string[];
  colLabels: readonly string[];
  panelTitles: readonly string[];
  /** Text inside cells, where they are large enough. */
  cellText: (index: number) => string;
  /** For each panel, or none where a grid has one line only. */
  marginals: readonly Marginals[];
  /** What has not run is still to come: dotted instead of hatched. */
  running: boolean;
}

const ROOM_FOR_TEXT = { width: 44, height: 20 };
/** Beyond so many cells a file holds them as pixels. */
export const MOST_SHAPES = 20_000;
const LONGEST_LABEL = 14;

/** Room beyond the cells: for marginals, and for slanted labels that reach out. */
export function roomAround(summed: boolean): { right: number; bottom: number } {
  return { right: ROOM.right, bottom: summed ? ROOM.bottom : 2 };
}

export function heatScene(picture: HeatPicture, cells: "pixels" | "shapes"): Scene {
  const { layout } = picture;
  const room = roomAround(picture.marginals.length > 0);
  const marks: Mark[] = columnLabels(picture);
  layout.panels.forEach((panel, index) => {
    marks.push(...(cells === "pixels" ? [pixels(picture, panel)] : shapes(picture, panel)));
    marks.push(...unvalued(picture, panel));
    marks.push(...numbers(picture, panel));
    if (layout.cell.width >= 12 && layout.cell.height >= 12) marks.push(separators(layout, panel));
    marks.push(...rowLabels(picture, panel));
    const title = picture.panelTitles[index];
    if (title) {
      const at = { x: layout.left, y: panel.y - 12, text: title };
      marks.push(label({ ...at, size: 12, weight: 600, fill: "--ink" }));
    }
    const sums = picture.marginals[index];
    if (sums) marks.push(...marginalMarks(layout, panel, sums, picture.domain));
  });
  return { width: layout.width + room.right, height: layout.height + room.bottom, marks };
}

/** One pixel for each cell, scaled up: the cost hardly grows with the grid. */
function pixels({ layout, values, domain, colours }: HeatPicture, panel: Panel): Mark {
  const [columns, rows] = [layout.cols.length, layout.rows.length];
  const image: Pixels = {
    width: columns,
    height: rows,
    rgba: new Uint8ClampedArray(columns * rows * 4),
  };
  const words = new Uint32Array(image.rgba.buffer);
  const tints = new Uint32Array(colours.buffer, colours.byteOffset, colours.length / 4);
  const { cells } = panel;
  for (let at = 0; at < cells.length; at++) {
    const value = values[cells[at]!];
    if (value !== null && value !== undefined) words[at] = tints[entryOf(value, domain)]!;
  }
  const [width, height] = [columns * layout.cell.width, layout.panelHeight];
  return { kind: "image", x: layout.left, y: panel.y, width, height, pixels: image };
}

function shapes(picture: HeatPicture, panel: Panel): Mark[] {
  const { layout, values, domain, colours } = picture;
  if (values.length > MOST_SHAPES) return [pixels(picture, panel)];
  const marks: Mark[] = [];
  panel.cells.forEach((cell, at) => {
    const value = values[cell];
    if (value === null || value === undefined) return;
    const [x, y] = corner(layout, panel, at);
    const fill = cssColour(colours, entryOf(value, domain));
    marks.push({ kind: "rect", x, y, ...layout.cell, fill });
  });
  return marks;
}

function corner(layout: HeatLayout, panel: Panel, at: number): [number, number] {
  const columns = layout.cols.length;
  return [
    layout.left + (at % columns) * layout.cell.width,
    panel.y + Math.floor(at / columns) * layout.cell.height,
  ];
}

/** Hatches or dots for what has not run, crosses for what has no value. */
function unvalued({ layout, values, status, running }: HeatPicture, panel: Panel): Mark[] {
  const { width, height } = layout.cell;
  const boxes: Box[] = [];
  const crosses: Record<"failed" | "other", string[]> = { failed: [], other: [] };
  const reach = Math.max(2, Math.min(width, height) * 0.28);
  let run: [number, number, number, number] | null = null;
  panel.cells.forEach((cell, at) => {
    const value = values[cell];
    const pending = status[cell] === "pending";
    const valued = value !== null && value !== undefined;
    if (!pending || valued || at % layout.cols.length === 0) {
      if (run) boxes.push(run);
      run = null;
    }
    if (valued) return;
    const [x, y] = corner(layout, panel, at);
    if (!pending) {
      crosses[status[cell] === "failed" ? "failed" : "other"].push(
        cross(x + width / 2, y + height / 2, reach),
      );
    } else if (run) run[2] += width;
    else run = [x, y, width, height];
  });
  if (run) boxes.push(run);
  const marks: Mark[] = [];
  const pattern = running ? "dots" : "hatch";
  if (boxes.length) marks.push({ kind: "pattern", pattern, boxes, stroke: "--line-strong" });
  for (const [kind, stroke] of [
    ["failed", "--bad"],
    ["other", "--ink-3"],
  ] as const) {
    if (crosses[kind].length)
      marks.push({ kind: "path", d: crosses[kind].join(""), stroke, width: 1.6 });
  }
  return marks;
}

function numbers(picture: HeatPicture, panel: Panel): Mark[] {
  const { layout, values, domain, colours } = picture;
  const { width, height } = layout.cell;
  if (width < ROOM_FOR_TEXT.width || height < ROOM_FOR_TEXT.height) return [];
  return panel.cells.flatMap((cell, at) => {
    const value = values[cell];
    if (value === null || value === undefined) return [];
    const text = picture.cellText(cell);
    const [x, y] = corner(layout, panel, at);
    const size = Math.min(SMALL, (width - 4) / (text.length * 0.56));
    return label({
      x: x + width / 2,
      y: y + height / 2,
      text,
      size,
      anchor: "middle",
      fill: textOn(colours, entryOf(value, domain)),
    });
  });
}

function separators(layout: HeatLayout, panel: Panel): Mark {
  const right = layout.left + layout.cols.length * layout.cell.width;
  const bottom = panel.y + layout.panelHeight;
  const lines: string[] = [];
  for (let col = 1; col < layout.cols.length; col++) {
    const x = layout.left + col * layout.cell.width - 0.5;
    lines.push(line(x, panel.y, x, bottom));
  }
  for (let row = 1; row < layout.rows.length; row++) {
    const y = panel.y + row * layout.cell.height - 0.5;
    lines.push(line(layout.left, y, right, y));
  }
  return { kind: "path", d: lines.join(""), stroke: "--panel" };
}

export function rowLabels({ layout, rowLabels }: HeatPicture, panel: Panel): Mark[] {
  const every = Math.ceil(12 / layout.cell.height);
  return rowLabels.flatMap((text, row) =>
    row % every
      ? []
      : label({
          x: layout.left - 7,
          y: panel.y + (row + 0.5) * layout.cell.height,
          text: shortened(text, (layout.left - 9) / (LETTER * SMALL)),
          font: "mono",
          anchor: "end",
        }),
  );
}

type Columns = Pick<HeatPicture, "layout" | "colLabels" | "panelTitles">;

/** Slanted when they are long; every second or third when there is no room. */
export function columnLabels({ layout, colLabels, panelTitles }: Columns): Mark[] {
  const y = (layout.panels[0]?.y ?? layout.top) - (panelTitles[0] ? 22 : 0);
  const { slanted } = layout;
  const every = slanted ? Math.ceil(13 / layout.cell.width) : layout.labelEvery;
  return colLabels.flatMap((text, col) =>
    col % every
      ? []
      : label({
          x: layout.left + (col + 0.5) * layout.cell.width,
          y: y - 10,
          text: shortened(text, LONGEST_LABEL),
          font: "mono",
          anchor: slanted ? "start" : "middle",
          rotate: slanted ? -45 : 0,
        }),
  );
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(1, Math.floor(most) - 1))}…` : text;
}
