import { expect, it } from "vitest";
import { readGrid } from "./arrays";
import sample from "./arrays.sample.json";

const bytes = Uint8Array.from(atob(sample.file), (letter) => letter.charCodeAt(0));

it("reads the grid that the server packed, every number and status as in its JSON", () => {
  const grid = readGrid(bytes.buffer);
  expect(grid).toEqual(JSON.parse(sample.grid));
  expect(grid.status["kl"]).toContain("failed");
  expect(grid.values["kl"]).toContain(1e300);
  expect(grid.values["kl"]!.some((each) => Object.is(each, -0))).toBe(true);
  expect(grid.top.filter((each) => each === null)).not.toHaveLength(0);
});

it("refuses a file without the arrays that a grid has", () => {
  const text = new TextEncoder().encode(
    JSON.stringify({ __metadata__: { grid: "{}", statuses: "[]", texts: "[]" } }),
  );
  const file = new Uint8Array(8 + text.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  expect(() => readGrid(file.buffer)).toThrow("top.id");
});
