// Draws a laid-out heatmap on a canvas: on the page and, with the same code, for export.
import type { CellStatus } from "../api/types";
import { cssColour, type Domain, entryOf, textOn } from "./colour";
import type { HeatLayout, Panel } from "./heatLayout";

export interface Ink {
  text: string;
  faint: string;
  paper: string;
  line: string;
  hatch: string;
  cross: string;
  sans: string;
  mono: string;
}

export interface HeatPicture {
  layout: HeatLayout;
  values: readonly (number | null)[];
  status: readonly CellStatus[];
  domain: Domain;
  colours: Uint8ClampedArray;
  ink: Ink;
  rowLabels: readonly string[];
  colLabels: readonly string[];
  panelTitles: readonly string[];
  /** Text inside cells, where they are large enough. */
  cellText: (index: number) => string;
}

const ROOM_FOR_TEXT = { width: 44, height: 20 };

export function paintHeat(context: CanvasRenderingContext2D, picture: HeatPicture): void {
  const { layout, ink } = picture;
  context.clearRect(0, 0, layout.width + 80, layout.height + 8);
  context.textBaseline = "middle";
  columnLabels(context, picture);
  layout.panels.forEach((panel, index) => {
    fillCells(context, picture, panel);
    marks(context, picture, panel);
    if (layout.cell.width >= 12 && layout.cell.height >= 12) separators(context, picture, panel);
    rowLabels(context, picture, panel);
    const title = picture.panelTitles[index];
    if (title) {
      context.font = `600 12px ${ink.sans}`;
      context.fillStyle = ink.text;
      context.textAlign = "left";
      context.fillText(title, layout.left, panel.y - 12);
    }
  });
}

/** One pixel for each cell, then scaled up: the cost hardly grows with the grid. */
function fillCells(context: CanvasRenderingContext2D, picture: HeatPicture, panel: Panel): void {
  const { layout, values, domain, colours } = picture;
  const [columns, rows] = [layout.cols.length, layout.rows.length];
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const inner = small.getContext("2d");
  if (!inner || columns === 0) return;
  const image = inner.createImageData(columns, rows);
  panel.cells.forEach((cell, at) => {
    const value = values[cell];
    if (value === null || value === undefined) return;
    const entry = entryOf(value, domain) * 4;
    image.data.set(colours.subarray(entry, entry + 4), at * 4);
  });
  inner.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, layout.left, panel.y, columns * layout.cell.width, layout.panelHeight);
}

/** Hatches for what has not run, crosses for what failed, and numbers where there is room. */
function marks(context: CanvasRenderingContext2D, picture: HeatPicture, panel: Panel): void {
  const { layout, values, status, ink, domain, colours } = picture;
  const { width, height } = layout.cell;
  const roomy = width >= ROOM_FOR_TEXT.width && height >= ROOM_FOR_TEXT.height;
  context.font = `11.5px ${ink.sans}`;
  context.textAlign = "center";
  panel.cells.forEach((cell, at) => {
    const x = layout.left + (at % layout.cols.length) * width;
    const y = panel.y + Math.floor(at / layout.cols.length) * height;
    const value = values[cell];
    if (value !== null && value !== undefined) {
      if (!roomy) return;
      context.fillStyle = textOn(colours, entryOf(value, domain));
      context.fillText(picture.cellText(cell), x + width / 2, y + height / 2 + 0.5, width - 4);
      return;
    }
    if (status[cell] === "pending") hatch(context, x, y, width, height, ink.hatch);
    else cross(context, x, y, width, height, status[cell] === "failed" ? ink.cross : ink.hatch);
  });
}

type Draw = (
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  h: number,
  colour: string,
) => void;

const hatch: Draw = (context, x, y, w, h, colour) => {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let offset = -h; offset < w; offset += 6) {
    context.moveTo(x + offset, y + h);
    context.lineTo(x + offset + h, y);
  }
  context.stroke();
  context.restore();
};

const cross: Draw = (context, x, y, w, h, colour) => {
  const reach = Math.max(2, Math.min(w, h) * 0.28);
  const [cx, cy] = [x + w / 2, y + h / 2];
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.beginPath();
  context.moveTo(cx - reach, cy - reach);
  context.lineTo(cx + reach, cy + reach);
  context.moveTo(cx + reach, cy - reach);
  context.lineTo(cx - reach, cy + reach);
  context.stroke();
};

function separators(context: CanvasRenderingContext2D, picture: HeatPicture, panel: Panel): void {
  const { layout, ink } = picture;
  const right = layout.left + layout.cols.length * layout.cell.width;
  context.strokeStyle = ink.paper;
  context.lineWidth = 1;
  context.beginPath();
  for (let col = 1; col < layout.cols.length; col++) {
    const x = layout.left + col * layout.cell.width - 0.5;
    context.moveTo(x, panel.y);
    context.lineTo(x, panel.y + layout.panelHeight);
  }
  for (let row = 1; row < layout.rows.length; row++) {
    const y = panel.y + row * layout.cell.height - 0.5;
    context.moveTo(layout.left, y);
    context.lineTo(right, y);
  }
  context.stroke();
}

function rowLabels(context: CanvasRenderingContext2D, picture: HeatPicture, panel: Panel): void {
  const { layout, ink } = picture;
  const every = Math.ceil(12 / layout.cell.height);
  context.font = `11.5px ${ink.mono}`;
  context.fillStyle = ink.faint;
  context.textAlign = "right";
  picture.rowLabels.forEach((label, row) => {
    if (row % every) return;
    const y = panel.y + (row + 0.5) * layout.cell.height;
    context.fillText(label, layout.left - 7, y, layout.left - 9);
  });
}

/** Slanted when they are long; every second or third when there is no room. */
function columnLabels(context: CanvasRenderingContext2D, picture: HeatPicture): void {
  const { layout, ink } = picture;
  const y = (layout.panels[0]?.y ?? layout.top) - (picture.panelTitles[0] ? 22 : 0);
  const { slanted } = layout;
  const every = slanted ? Math.ceil(13 / layout.cell.width) : layout.labelEvery;
  context.font = `11.5px ${ink.mono}`;
  context.fillStyle = ink.faint;
  picture.colLabels.forEach((label, col) => {
    if (col % every) return;
    context.save();
    context.translate(layout.left + (col + 0.5) * layout.cell.width, y - 8);
    context.textAlign = slanted ? "left" : "center";
    if (slanted) context.rotate(-Math.PI / 4);
    context.fillText(label.length > 14 ? `${label.slice(0, 13)}…` : label, 0, 0);
    context.restore();
  });
}

/** One colour of the picture, for marks outside the canvas. */
export function colourOf(picture: HeatPicture, value: number): string {
  return cssColour(picture.colours, entryOf(value, picture.domain));
}
