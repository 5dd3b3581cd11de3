// The only file with chart colours: 256-entry tables, and the domain they stand for.
import { rgb } from "d3-color";
import { interpolatePuOr, interpolateRdBu, interpolateViridis } from "d3-scale-chromatic";

export type Palette = "RdBu" | "PuOr";

const SIZE = 256;

/** Red or orange is below zero, blue or purple above; the middle entry is the page's paper. */
function diverging(palette: Palette, t: number): string {
  return palette === "RdBu" ? interpolateRdBu(t) : interpolatePuOr(t);
}

/** RGBA bytes of 256 colours. Diverging tables have their palest entries in the middle. */
export function table(signed: boolean, palette: Palette = "RdBu"): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(SIZE * 4);
  for (let i = 0; i < SIZE; i++) {
    const t = i / (SIZE - 1);
    const { r, g, b } = rgb(signed ? diverging(palette, t) : interpolateViridis(t));
    bytes.set([r, g, b, 255], i * 4);
  }
  return bytes;
}

export interface Domain {
  signed: boolean;
  low: number;
  high: number;
  /** Cells beyond the domain: drawn in the end colour, and marked on the legend. */
  below: number;
  above: number;
}

/** ±99th percentile of the size around 0, or 0 to the 99th percentile; never empty. */
export function domainOf(values: readonly (number | null)[], signed: boolean): Domain {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const sizes = known.map(Math.abs).sort((a, b) => a - b);
  // By nearest rank: fewer than a hundred values are never clipped.
  const bound = sizes[Math.ceil(0.99 * sizes.length) - 1] || sizes.at(-1) || 1;
  const low = signed ? -bound : 0;
  // What hardly exceeds an end is not said to be clipped.
  const slack = bound * 0.005;
  return {
    signed,
    low,
    high: bound,
    below: known.filter((value) => value < low - slack).length,
    above: known.filter((value) => value > bound + slack).length,
  };
}

/** The table entry of a value; 0 of a signed domain is exactly the middle. */
export function entryOf(value: number, { low, high }: Domain): number {
  const t = (value - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, t)) * (SIZE - 1));
}

export function cssColour(bytes: Uint8ClampedArray, entry: number): string {
  return `rgb(${bytes[entry * 4]} ${bytes[entry * 4 + 1]} ${bytes[entry * 4 + 2]})`;
}

/** Black or white, whichever reads better on a colour. */
export function textOn(bytes: Uint8ClampedArray, entry: number): string {
  const [r, g, b] = [0, 1, 2].map((i) => {
    const c = bytes[entry * 4 + i]! / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  return luminance > 0.179 ? "rgb(16 20 23)" : "rgb(255 255 255)";
}
