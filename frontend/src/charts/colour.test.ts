import { expect, it } from "vitest";
import { domainOf, entryOf, table, textOn } from "./colour";

const channel = (bytes: Uint8ClampedArray, entry: number) => [
  ...bytes.slice(entry * 4, entry * 4 + 3),
];

it("keeps zero in the middle however lopsided the values are", () => {
  const domain = domainOf([-0.1, 5, 7, 2, 0], true);
  expect(domain.low).toBe(-domain.high);
  expect([127, 128]).toContain(entryOf(0, domain));
  const [r, g, b] = channel(table(true), entryOf(0, domain)) as [number, number, number];
  expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(12);
});

it("draws negative red and positive blue", () => {
  const domain = domainOf([-2, 2], true);
  const [red, , blueOfRed] = channel(table(true), entryOf(-2, domain));
  const [redOfBlue, , blue] = channel(table(true), entryOf(2, domain));
  expect(red!).toBeGreaterThan(blueOfRed!);
  expect(blue!).toBeGreaterThan(redOfBlue!);
});

it("grows brighter with an unsigned value, from 0", () => {
  const domain = domainOf([1, 2, 3], false);
  expect(domain.low).toBe(0);
  expect(entryOf(0, domain)).toBe(0);
  const sum = (entry: number) => channel(table(false), entry).reduce((a, b) => a + b, 0);
  expect(sum(255)).toBeGreaterThan(sum(0));
});

it("counts what it clips", () => {
  const values = [...Array.from({ length: 300 }, () => 0.5), 40, -60];
  const domain = domainOf(values, true);
  expect(domain.high).toBeCloseTo(0.5);
  expect([domain.below, domain.above]).toEqual([1, 1]);
  expect(entryOf(40, domain)).toBe(255);
});

it("has a domain for nothing and for zeros", () => {
  expect(domainOf([], true)).toMatchObject({ low: -1, high: 1 });
  expect(domainOf([null, 0, 0], false)).toMatchObject({ low: 0, high: 1, above: 0 });
});

it("writes dark on pale and light on dark", () => {
  const bytes = table(true);
  expect(textOn(bytes, 128)).toContain("16 20 23");
  expect(textOn(bytes, 0)).toContain("255");
});
