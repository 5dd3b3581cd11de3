import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GLOSSARY, GROUPS } from "./glossary";
import { METRICS, OPS, SITES } from "./words";

const SRC = join(import.meta.dirname, "..");
const files = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".tsx"));
const used = files.flatMap((name) =>
  [...readFileSync(join(SRC, name), "utf8").matchAll(/<Term\s+id="(\w+)"/g)].map((hit) => ({
    name,
    id: hit[1]!,
  })),
);

it("explains every term that the interface links to", () => {
  expect(used.length).toBeGreaterThan(15);
  expect(used.filter(({ id }) => !(id in GLOSSARY))).toEqual([]);
});

it("explains every site, operation and metric", () => {
  for (const id of [SITES, OPS, METRICS].flatMap((all) => Object.keys(all)))
    expect(GLOSSARY, id).toHaveProperty(id);
});

it("lists each term once, and uses each of its own words", () => {
  const listed = GROUPS.flatMap(({ ids }) => ids);
  expect([...listed].sort()).toEqual(Object.keys(GLOSSARY).sort());
  for (const { term, plain } of Object.values(GLOSSARY)) {
    expect(term).not.toBe("");
    expect(plain).toMatch(/[.?]$/);
  }
});
