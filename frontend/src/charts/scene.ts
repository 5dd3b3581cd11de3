// A chart as data: what to draw and where. The page, SVG files and PNG files draw the same marks.

/** A CSS colour, or the name of a custom property such as `--ink`. */
export type Colour = string;

/** RGBA pixels, drawn as hard-edged squares. */
export interface Pixels {
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

export type Pattern = "hatch" | "dots";
export type Box = readonly [x: number, y: number, width: number, height: number];

export type Mark =
  | { kind: "rect"; x: number; y: number; width: number; height: number; fill: Colour }
  | { kind: "path"; d: string; fill?: Colour; stroke?: Colour; width?: number; dash?: string }
  | {
      kind: "text";
      x: number;
      /** The middle of the letters, not their baseline. */
      y: number;
      text: string;
      fill: Colour;
      size?: number;
      font?: "sans" | "mono" | "serif";
      weight?: number;
      anchor?: "start" | "middle" | "end";
      /** Degrees, around the text's own place. */
      rotate?: number;
    }
  | { kind: "image"; x: number; y: number; width: number; height: number; pixels: Pixels }
  | { kind: "pattern"; pattern: Pattern; boxes: readonly Box[]; stroke: Colour }
  | { kind: "group"; x: number; y: number; marks: readonly Mark[] };

export interface Scene {
  width: number;
  height: number;
  marks: readonly Mark[];
}

export type TextMark = Extract<Mark, { kind: "text" }>;
type Place = Pick<TextMark, "x" | "y" | "text"> & Partial<TextMark>;

export const SMALL = 11.5;
/** From the middle of the letters to their baseline, in sizes of the letters. */
export const BASELINE = 0.35;
/** The width of a letter of the typewriter face, in sizes of the letters. */
export const LETTER = 0.61;

export function label(place: Place): TextMark {
  return { kind: "text", fill: "--ink-2", size: SMALL, ...place };
}

/** A round mark. */
export function circle(x: number, y: number, r: number): string {
  return `M${round(x - r)},${round(y)}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`;
}

/** A square on its corner. */
export function diamond(x: number, y: number, r: number): string {
  return `M${round(x)},${round(y - r)}l${r},${r}l${-r},${r}l${-r},${-r}Z`;
}

/** Two strokes that cross. */
export function cross(x: number, y: number, r: number): string {
  return `M${round(x - r)},${round(y - r)}l${2 * r},${2 * r}M${round(x + r)},${round(y - r)}l${-2 * r},${2 * r}`;
}

export function line(x1: number, y1: number, x2: number, y2: number): string {
  return `M${round(x1)},${round(y1)}L${round(x2)},${round(y2)}`;
}

export function boxPath([x, y, width, height]: Box): string {
  return `M${round(x)},${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Scenes one below the other. */
export function stack(scenes: readonly Scene[], gap: number): Scene {
  let y = 0;
  const marks: Mark[] = [];
  for (const scene of scenes) {
    marks.push({ kind: "group", x: 0, y, marks: scene.marks });
    y += scene.height + gap;
  }
  return {
    width: Math.max(...scenes.map((scene) => scene.width)),
    height: Math.max(0, y - gap),
    marks,
  };
}
