import { expect, it } from "vitest";
import { wrapped } from "./exportFiles";
import { label, type Scene, stack } from "./scene";
import { sceneSvg, xml } from "./sceneSvg";

const INK: Record<string, string> = {
  "--ink-2": "#123456",
  "--panel": "#ffffff",
  "--sans": "Arial",
};
const resolve = (colour: string) => INK[colour] ?? colour;

const scene: Scene = {
  width: 20,
  height: 10,
  marks: [
    { kind: "rect", x: 0, y: 0, width: 5, height: 5, fill: "rgb(1,2,3)" },
    label({ x: 1, y: 2, text: '<|bos|> "&"' }),
    { kind: "pattern", pattern: "hatch", boxes: [[0, 0, 4, 4]], stroke: "--ink-2" },
  ],
};

it("writes an SVG file that is well formed and needs nothing of the page", () => {
  const text = sceneSvg(stack([scene, scene], 3), resolve, {
    title: "a < b",
    description: "spec 1",
  });
  const file = new DOMParser().parseFromString(text, "image/svg+xml");
  expect(file.querySelector("parsererror")).toBeNull();
  const root = file.documentElement;
  expect(root.getAttribute("viewBox")).toBe("0 0 20 23");
  expect([...root.querySelectorAll("text")].map((each) => each.textContent)).toEqual([
    '<|bos|> "&"',
    '<|bos|> "&"',
  ]);
  expect(root.querySelector("title")?.textContent).toBe("a < b");
  expect(text).toContain('fill="#123456"');
  expect(text).not.toMatch(/var\(|--ink/);
  // Each pattern is defined once under the name by which it is used.
  for (const [, id] of text.matchAll(/url\(#([^)]+)\)/g)) {
    expect(root.querySelectorAll(`pattern[id="${id}"]`)).toHaveLength(1);
  }
});

it("leaves out characters that XML does not have", () => {
  expect(xml("a\u0000b\ud800<")).toBe("a\ufffdb\ufffd&lt;");
});

it("puts notes side by side while they fit", () => {
  expect(wrapped(["one", "two", "three"], 14)).toEqual(["one  ·  two", "three"]);
});
