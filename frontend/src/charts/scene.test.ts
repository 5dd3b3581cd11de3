import { expect, it } from "vitest";
import { sheet, wrapped } from "./exportFiles";
import { label, type Scene, stack } from "./scene";
import { sceneSvg, xml } from "./sceneSvg";
import { tableScene } from "./tableScene";

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

it("breaks what is longer than a line, at a space where it can, and loses nothing", () => {
  expect(wrapped(["what an edit did", "b"], 9)).toEqual(["what an", "edit did", "b"]);
  expect(wrapped(["␣".repeat(7)], 3)).toEqual(["␣␣␣", "␣␣␣", "␣"]);
  expect(wrapped(["a😀b"], 2)).toEqual(["a😀", "b"]);
  expect(wrapped([""], 2)).toEqual([]);
});

it("keeps a sheet as wide as its pictures, however long the prompt", () => {
  const file = {
    name: "x",
    title: "A title that goes on and on over more than a line of the sheet",
    notes: ["nats"],
    source: [`spec ${"a".repeat(64)}  ·  ${"␣word".repeat(2000)}`],
    parts: null,
    csv: () => "",
    json: () => "",
  };
  const { width, height, marks } = sheet(file);
  expect(width).toBe(520 + 2 * 16);
  expect(height).toBeLessThan(260);
  const text = sceneSvg({ width, height, marks }, resolve, { title: "", description: "" });
  const lines = [...text.matchAll(/<text[^>]*>([^<]*)</g)].map(([, line]) => line!);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(520 / 6.2 + 1);
  expect(lines.at(-1)).toMatch(/…$/);
  expect(lines.join("\n")).toContain("a".repeat(64));
});

it("draws a table with its numbers ended at the right and bars at the end", () => {
  const bar = { width: 50, height: 10, marks: [] };
  const columns = [{ head: "Part" }, { head: "Mean", num: true }];
  const rows = [
    ["L1", "0.5"],
    ["L2 注意", "12"],
  ];
  const table = tableScene(columns, rows, { head: "Bars", bars: [bar, bar] });
  const texts = table.marks.filter((mark) => mark.kind === "text");
  const at = (text: string) => texts.find((mark) => mark.text === text)!;
  expect(at("12")).toMatchObject({ anchor: "end", x: at("0.5").x });
  expect(at("L1").x).toBe(at("Part").x);
  expect(at("Mean").y).toBeLessThan(at("0.5").y);
  expect(at("Bars").x + 50).toBe(table.width);
  expect(tableScene(columns, [])).toMatchObject({ height: 26 });
});
