// Draws a scene on a canvas.
import { kept } from "../lib/memo";
import { BASELINE, type Colour, type Mark, type Pattern, type Pixels, SMALL } from "./scene";

/** The value of a custom property, or a colour as it is. */
export type Resolve = (colour: Colour) => string;

export function resolverOf(element: Element): Resolve {
  const style = getComputedStyle(element);
  const known = new Map<string, string>();
  return (colour) => {
    if (!colour.startsWith("--")) return colour;
    if (!known.has(colour)) known.set(colour, style.getPropertyValue(colour).trim());
    return known.get(colour)!;
  };
}

export function paintScene(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  resolve: Resolve,
): void {
  for (const mark of marks) paint(context, mark, resolve);
}

function paint(context: CanvasRenderingContext2D, mark: Mark, resolve: Resolve): void {
  switch (mark.kind) {
    case "rect":
      context.fillStyle = resolve(mark.fill);
      context.fillRect(mark.x, mark.y, mark.width, mark.height);
      return;
    case "path":
      paintPath(context, mark, resolve);
      return;
    case "text":
      paintText(context, mark, resolve);
      return;
    case "image":
      context.imageSmoothingEnabled = false;
      context.drawImage(bitmap(mark.pixels), mark.x, mark.y, mark.width, mark.height);
      return;
    case "pattern": {
      const fill = context.createPattern(tile(mark.pattern, resolve(mark.stroke)), "repeat");
      if (!fill) return;
      context.fillStyle = fill;
      for (const [x, y, width, height] of mark.boxes) context.fillRect(x, y, width, height);
      return;
    }
    case "group":
      context.save();
      context.translate(mark.x, mark.y);
      paintScene(context, mark.marks, resolve);
      context.restore();
  }
}

type PathMark = Extract<Mark, { kind: "path" }>;

/** A path is read once, however often it is painted. */
const pathOf = kept((mark: PathMark) => new Path2D(mark.d));

function paintPath(context: CanvasRenderingContext2D, mark: PathMark, resolve: Resolve): void {
  const path = pathOf(mark);
  if (mark.fill) {
    context.fillStyle = resolve(mark.fill);
    context.fill(path);
  }
  if (mark.stroke) {
    context.strokeStyle = resolve(mark.stroke);
    context.lineWidth = mark.width ?? 1;
    context.setLineDash(mark.dash ? mark.dash.split(" ").map(Number) : []);
    context.stroke(path);
    context.setLineDash([]);
  }
}

type TextMark = Extract<Mark, { kind: "text" }>;

function paintText(context: CanvasRenderingContext2D, mark: TextMark, resolve: Resolve): void {
  const size = mark.size ?? SMALL;
  const font = `${mark.weight ?? 400} ${size}px ${resolve(`--${mark.font ?? "sans"}`)}`;
  // Setting a font is slow, and most labels have the one before.
  if (fonts.get(context) !== font) {
    context.font = font;
    fonts.set(context, font);
  }
  context.fillStyle = resolve(mark.fill);
  context.textAlign = mark.anchor === "middle" ? "center" : (mark.anchor ?? "start");
  if (!mark.rotate) {
    context.fillText(mark.text, mark.x, mark.y + BASELINE * size);
    return;
  }
  context.save();
  context.translate(mark.x, mark.y);
  context.rotate((mark.rotate * Math.PI) / 180);
  context.fillText(mark.text, 0, BASELINE * size);
  context.restore();
}

/** The font that was set last; a canvas that changes its size forgets it (`forgetFont`). */
const fonts = new WeakMap<CanvasRenderingContext2D, string>();

export function forgetFont(context: CanvasRenderingContext2D): void {
  fonts.delete(context);
}

/** Pixels as a canvas of their own size. */
export function bitmap({ width, height, rgba }: Pixels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

export const TILE = 6;

function tile(pattern: Pattern, colour: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = TILE;
  canvas.height = TILE;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  if (pattern === "dots") context.fillRect(2, 2, 1.5, 1.5);
  else context.stroke(new Path2D(HATCH));
  return canvas;
}

/** One tile of slanted lines; its corners meet those of its neighbours. */
export const HATCH = `M-1,1L1,-1M0,${TILE}L${TILE},0M${TILE - 1},${TILE + 1}L${TILE + 1},${TILE - 1}`;
