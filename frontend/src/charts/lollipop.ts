// A sweep over one axis: a stem from zero for each cell; its head's shape tells of the top token.
import { scaleLinear, scaleSymlog } from "d3-scale";
import type { CellStatus } from "../api/types";
import type { HeatLayout } from "./heatLayout";
import { columnLabels } from "./heatScene";
import {
  type Box,
  boxPath,
  circle,
  cross,
  diamond,
  label,
  line,
  type Mark,
  round,
  type Scene,
} from "./scene";

export interface LollipopPicture {
  /** One row, as tall as the plot. */
  layout: HeatLayout;
  values: readonly (number | null)[];
  status: readonly CellStatus[];
  flipped: (index: number) => boolean;
  scale: "linear" | "symlog";
  signed: boolean;
  floor: number | null;
  show: (value: number) => string;
  colLabels: readonly string[];
  running: boolean;
}

export interface Axis {
  y: (value: number) => number;
  ticks: number[];
}

const PAD = 8;
const ROOM = { right: 12, bottom: 2 };
/** The linear part of a symlog axis, as a share of the largest value. */
const LINEAR_SHARE = 1 / 50;
const TICKS = 5;

/** Zero is always on the axis; values of one sign need not make room for the other. */
export function valueAxis(
  values: readonly (number | null)[],
  kind: "linear" | "symlog",
  top: number,
  height: number,
): Axis {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const [low, high] = known.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [0, 0],
  );
  const domain: [number, number] = low === high ? [0, 1] : [low, high];
  const range: [number, number] = [top + height - PAD, top + PAD];
  if (kind === "linear") {
    const scale = scaleLinear(domain, range).nice(TICKS);
    return { y: scale, ticks: scale.ticks(TICKS) };
  }
  const most = Math.max(-domain[0], domain[1]);
  const scale = scaleSymlog(domain, range).constant(most * LINEAR_SHARE);
  const sizes = [most, most / 10, most / 100].map((size) => 10 ** Math.floor(Math.log10(size)));
  const ticks = [0, ...new Set(sizes.flatMap((size) => [size, -size]))];
  return { y: scale, ticks: ticks.filter((tick) => tick >= domain[0] && tick <= domain[1]) };
}

export function lollipopScene(picture: LollipopPicture): Scene {
  const { layout, values, show } = picture;
  const panel = layout.panels[0]!;
  const { height, width } = layout.cell;
  const axis = valueAxis(values, picture.scale, panel.y, height);
  const right = layout.width;
  const marks: Mark[] = columnLabels({ ...picture, panelTitles: [] });
  marks.push(...noise(picture, axis));
  for (const tick of axis.ticks) {
    const y = axis.y(tick);
    marks.push({ kind: "path", d: line(layout.left, y, right, y), stroke: "--line" });
    marks.push(label({ x: layout.left - 7, y, text: show(tick), anchor: "end" }));
  }
  const zero = axis.y(0);
  const stems: string[] = [];
  const heads: Record<"kept" | "flipped", string[]> = { kept: [], flipped: [] };
  const crosses: string[] = [];
  const waiting: Box[] = [];
  const r = Math.min(5, Math.max(2, width * 0.35));
  panel.cells.forEach((cell, col) => {
    const x = layout.left + (col + 0.5) * width;
    const value = values[cell];
    if (value !== null && value !== undefined) {
      const y = axis.y(value);
      stems.push(line(x, zero, x, y));
      if (picture.flipped(cell)) heads.flipped.push(diamond(x, round(y), r + 1.2));
      else heads.kept.push(circle(x, round(y), r));
    } else if (picture.status[cell] === "pending") {
      waiting.push([layout.left + col * width, panel.y, width, height]);
    } else crosses.push(cross(x, zero, r));
  });
  const pattern = picture.running ? "dots" : "hatch";
  if (waiting.length)
    marks.push({ kind: "pattern", pattern, boxes: waiting, stroke: "--line-strong" });
  marks.push({ kind: "path", d: stems.join(""), stroke: "--clean", width: Math.min(2, r) });
  marks.push({
    kind: "path",
    d: line(layout.left, zero, right, zero),
    stroke: "--ink",
    width: 1.2,
  });
  marks.push({ kind: "path", d: heads.kept.join(""), fill: "--clean" });
  marks.push({ kind: "path", d: heads.flipped.join(""), fill: "--edited", stroke: "--panel" });
  if (crosses.length)
    marks.push({ kind: "path", d: crosses.join(""), stroke: "--bad", width: 1.6 });
  const drawn = marks.filter((mark) => mark.kind !== "path" || mark.d !== "");
  return { width: right + ROOM.right, height: layout.height + ROOM.bottom, marks: drawn };
}

/** What cannot be told from noise: a band around zero, where it is wide enough to be seen. */
function noise({ layout, floor, signed }: LollipopPicture, axis: Axis): Mark[] {
  if (floor === null) return [];
  const [high, low] = [axis.y(floor), axis.y(signed ? -floor : 0)];
  if (low - high < 1) return [];
  const width = layout.width - layout.left;
  return [{ kind: "path", d: boxPath([layout.left, high, width, low - high]), fill: "--sunken" }];
}
