import { rgb } from "d3-color";
import { describe, expect, test } from "vitest";
import tokens from "./tokens.css?raw";

const [light = "", dark = ""] = tokens.split('[data-theme="dark"]');

function colours(part: string): Record<string, string> {
  return Object.fromEntries(
    [...part.matchAll(/--([\w-]+): (#\w+);/g)].map(([, name, colour]) => [name, colour]),
  );
}

function luminance(colour: string): number {
  const { r, g, b } = rgb(colour);
  const [red, green, blue] = [r, g, b].map((each) => {
    const c = each / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** Source: WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const GROUNDS = ["bg", "panel", "raised", "sunken"];
/** Lines of controls, bars, marks: WCAG 1.4.11 asks for 3:1. */
const SHAPES = ["line-strong", "mark-soft", "clean", "edited", "accent", "bad", "good", "warn"];
/** WCAG 1.4.3 asks for 4.5:1. */
const TEXTS = ["ink", "ink-2", "ink-3", "accent", "edited", "bad", "good", "warn"];
const PAIRS: [string, string][] = [
  ["accent-ink", "accent"],
  ...["accent", "warn", "bad", "clean", "edited"].flatMap((each): [string, string][] => [
    [each, `${each}-soft`],
    ["ink", `${each}-soft`],
  ]),
];

describe.each([
  ["light", colours(light)],
  ["dark", colours(dark)],
])("the colours of the %s theme", (_theme, all) => {
  const below = (least: number, pairs: readonly (readonly string[])[]) =>
    pairs
      .map(([front, back]) => ({ front, back, is: contrast(all[front!]!, all[back!]!) }))
      .filter(({ is }) => !(is >= least));
  const on = (fronts: readonly string[]) =>
    fronts.flatMap((front) => GROUNDS.map((back) => [front, back]));

  test("shapes stand out from every ground", () => {
    expect(below(3, on(SHAPES))).toEqual([]);
  });

  test("texts can be read on every ground, and on the grounds of their own", () => {
    expect(below(4.5, [...on(TEXTS), ...PAIRS])).toEqual([]);
  });
});
