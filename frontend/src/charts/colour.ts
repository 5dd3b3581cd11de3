// The only file with chart colours: 256-entry tables, and the domain they stand for.
import { lab, rgb } from "d3-color";
import {
  interpolateCividis,
  interpolatePuOr,
  interpolateRdBu,
  interpolateViridis,
} from "d3-scale-chromatic";
import { kept } from "../lib/memo";
import type { Theme } from "../lib/theme";

export type Diverging = "RdBu" | "PuOr";
export type Sequential = "Viridis" | "Cividis";
export type Palette = Diverging | Sequential;
export type Clip = "p99" | "max";

export const DIVERGING: readonly Diverging[] = ["RdBu", "PuOr"];
export const SEQUENTIAL: readonly Sequential[] = ["Viridis", "Cividis"];

/** What the ends of a diverging palette are called, so that sentences can name them. */
export const ENDS: Record<Diverging, { down: string; up: string }> = {
  RdBu: { down: "red", up: "blue" },
  PuOr: { down: "orange", up: "purple" },
};

export const SIZE = 256;

/** On a dark page zero is dark: what an edit did not move does not outshine what it did. */
const ON_DARK: Record<Diverging, readonly string[]> = {
  RdBu: ["#ff9c80", "#e8604a", "#a03030", "#262c31", "#2a5f9c", "#4c9ae4", "#86ccff"],
  PuOr: ["#ffc04a", "#d98a20", "#855010", "#262c31", "#5f429c", "#9470e0", "#bf9cff"],
};

/** Straight through Lab from stop to stop. */
function through(stops: readonly string[], t: number): string {
  const at = Math.min(t * (stops.length - 1), stops.length - 1 - 1e-9);
  const [from, to] = [lab(stops[Math.floor(at)]!), lab(stops[Math.floor(at) + 1]!)];
  const share = at % 1;
  const mix = (a: number, b: number) => a + (b - a) * share;
  return lab(mix(from.l, to.l), mix(from.a, to.a), mix(from.b, to.b)).formatRgb();
}

/** The outermost colours of both ends look alike to people who see fewer: they are left out. */
const inner = (t: number) => 0.04 + 0.92 * t;

function colourAt(palette: Palette, theme: Theme, t: number): string {
  switch (palette) {
    case "RdBu":
      return theme === "dark" ? through(ON_DARK.RdBu, inner(t)) : interpolateRdBu(inner(t));
    case "PuOr":
      return theme === "dark" ? through(ON_DARK.PuOr, inner(t)) : interpolatePuOr(1 - inner(t));
    case "Viridis":
      return interpolateViridis(t);
    case "Cividis":
      return interpolateCividis(t);
  }
}

/** RGBA bytes of 256 colours, from the scale's low end to its high end. */
export function table(palette: Palette, theme: Theme = "light"): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(SIZE * 4);
  for (let i = 0; i < SIZE; i++) {
    const { r, g, b } = rgb(colourAt(palette, theme, i / (SIZE - 1)));
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

/** ± the bound around 0, or 0 to the bound; the bound is never 0. */
export const domainOf = kept(
  (values: readonly (number | null)[], signed: boolean, clip: Clip = "p99"): Domain => {
    const known = values.filter(
      (value): value is number => value !== null && Number.isFinite(value),
    );
    const sizes = Float64Array.from(known, Math.abs).sort();
    // By nearest rank: fewer than a hundred values are never clipped.
    const rank = Math.ceil((clip === "max" ? 1 : 0.99) * sizes.length) - 1;
    const bound = sizes[rank] || sizes.at(-1) || 1;
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
  },
);

/** The table entry of a value; 0 of a signed domain is exactly the middle. */
export function entryOf(value: number, { low, high }: Domain): number {
  const t = (value - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, t)) * (SIZE - 1));
}

export function cssColour(bytes: Uint8ClampedArray, entry: number): string {
  return `rgb(${bytes[entry * 4]},${bytes[entry * 4 + 1]},${bytes[entry * 4 + 2]})`;
}

/** Black or white, whichever reads better on a colour. */
export function textOn(bytes: Uint8ClampedArray, entry: number): string {
  const [r, g, b] = [0, 1, 2].map((i) => {
    const c = bytes[entry * 4 + i]! / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  return luminance > 0.179 ? "rgb(16,20,23)" : "rgb(255,255,255)";
}
