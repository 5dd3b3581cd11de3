import { lab } from "d3-color";
import { describe, expect, it } from "vitest";
import {
  cssColour,
  DIVERGING,
  domainOf,
  ENDS,
  entryOf,
  SEQUENTIAL,
  SIZE,
  table,
  textOn,
} from "./colour";
import { type Deficiency, distance, seenWith } from "./vision";

const THEMES = ["light", "dark"] as const;
const DEFICIENCIES: Deficiency[] = ["protanopia", "deuteranopia", "tritanopia"];
const CASES = DIVERGING.flatMap((palette) => THEMES.map((theme) => ({ palette, theme })));
const channel = (bytes: Uint8ClampedArray, entry: number) => [
  ...bytes.slice(entry * 4, entry * 4 + 3),
];

it("keeps zero in the middle however lopsided the values are", () => {
  for (const clip of ["p99", "max"] as const) {
    const domain = domainOf([-0.1, 5, 7, 2, 0], true, clip);
    expect(domain.low).toBe(-domain.high);
    expect([127, 128]).toContain(entryOf(0, domain));
  }
});

describe.each(CASES)("$palette on a $theme page", ({ palette, theme }) => {
  const bytes = table(palette, theme);
  const entries = Array.from({ length: SIZE }, (_, i) => lab(cssColour(bytes, i)));

  it("is grey at zero, and changes evenly away from it", () => {
    const zero = entryOf(0, domainOf([-1, 1], true));
    const [r, g, b] = channel(bytes, zero) as [number, number, number];
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(16);
    const away = theme === "dark" ? 1 : -1;
    for (let i = 128; i < SIZE; i++) {
      expect((entries[i]!.l - entries[i - 1]!.l) * away).toBeGreaterThan(-0.5);
      expect((entries[255 - i]!.l - entries[256 - i]!.l) * away).toBeGreaterThan(-0.5);
    }
  });

  it("tells the signs apart for people who see fewer colours", () => {
    for (const deficiency of DEFICIENCIES) {
      const seen = (entry: number) => seenWith(deficiency, cssColour(bytes, entry));
      for (const entry of [0, 8, 16, 32, 48]) {
        expect(distance(seen(entry), seen(255 - entry))).toBeGreaterThanOrEqual(40);
      }
    }
  });

  it("has the colours at its ends by which sentences call them", () => {
    const hue = (entry: number) => {
      const { a, b } = entries[entry]!;
      return (Math.atan2(b, a) * 180) / Math.PI;
    };
    const hues: Record<string, [number, number]> = {
      red: [0, 60],
      orange: [40, 90],
      blue: [-120, -50],
      purple: [-75, -30],
    };
    for (const [word, entry] of [
      [ENDS[palette].down, 48],
      [ENDS[palette].up, 207],
    ] as const) {
      const [from, to] = hues[word]!;
      expect(hue(entry)).toBeGreaterThan(from);
      expect(hue(entry)).toBeLessThan(to);
    }
  });
});

it.each(SEQUENTIAL)("%s grows brighter with an unsigned value, from 0", (palette) => {
  const domain = domainOf([1, 2, 3], false);
  expect(domain.low).toBe(0);
  expect(entryOf(0, domain)).toBe(0);
  const light = (entry: number) => lab(cssColour(table(palette), entry)).l;
  for (let i = 16; i < SIZE; i += 16) expect(light(i)).toBeGreaterThan(light(i - 16));
});

it("counts what it clips, and clips nothing at the largest", () => {
  const values = [...Array.from({ length: 300 }, () => 0.5), 40, -60];
  const domain = domainOf(values, true);
  expect(domain.high).toBeCloseTo(0.5);
  expect([domain.below, domain.above]).toEqual([1, 1]);
  expect(entryOf(40, domain)).toBe(255);
  expect(domainOf(values, true, "max")).toMatchObject({ high: 60, low: -60, below: 0, above: 0 });
});

it("has a domain for nothing and for zeros", () => {
  expect(domainOf([], true)).toMatchObject({ low: -1, high: 1 });
  expect(domainOf([null, 0, 0], false)).toMatchObject({ low: 0, high: 1, above: 0 });
});

it("writes dark on pale and light on dark", () => {
  expect(textOn(table("RdBu", "light"), 128)).toContain("16,20,23");
  expect(textOn(table("RdBu", "light"), 0)).toContain("255");
  expect(textOn(table("RdBu", "dark"), 128)).toContain("255");
});
