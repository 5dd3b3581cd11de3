import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GLOSSARY, GROUPS, type WordId } from "./glossary";
import { DIRECTIONS, METRICS, OPS, SITES } from "./words";

const SRC = join(import.meta.dirname, "..");
const sources = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((name) => /\.tsx?$/.test(name) && !/test\.ts$|^lib.glossary/.test(name))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), "utf8") }));

/** Words that a link or a list of links names as they are. */
const NAMED = /<Term[^>]*?\sid="(\w+)"|\bword="(\w+)"|\bword\("(\w+)",|\{ id: "(\w+)", label: /g;
const named = sources.flatMap(({ name, text }) =>
  [...text.matchAll(NAMED)].map((hit) => ({ name, id: hit.slice(1).find(Boolean)! })),
);

const ids = (of: object) => Object.keys(of) as WordId[];
/** Links whose word is known only on the page, and all that they can lead to. */
const COMPUTED: Record<string, WordId[]> = {
  "workbench/TargetFields.tsx: target.site": ids(SITES),
  "models/SiteTable.tsx: site.site as Site": ids(SITES),
  "question/OpFields.tsx: kind": ids(OPS),
  "workbench/MetricTable.tsx: metric.kind as MetricKind": ids(METRICS),
  "explorer/CellCard.tsx: metric.kind as MetricKind": ids(METRICS),
  "explorer/RunCard.tsx: metric.kind as MetricKind": ids(METRICS),
  "compare/RunCompare.tsx: word": ids(METRICS),
  'compare/Picker.tsx: kind ?? "experiment"': ["run", "sweep", "experiment"],
  "compare/Sides.tsx: WORDS[what]!": ["dtype", "attention_kind", "digest", "read_position"],
  "explorer/Controls.tsx: word": ["self_patch", "full_patch", "random_direction"],
};
/** Parts that are given their word as a property, which the pattern above finds where it is given. */
const GIVEN = [
  "ui/ui.tsx",
  "question/PromptField.tsx",
  "explorer/AxisField.tsx",
  "explorer/ViewBar.tsx",
  "charts/LegendWords.tsx",
  "captures/CaptureCard.tsx",
  "models/Loaded.tsx",
];
const computed = sources.flatMap(({ name, text }) =>
  [...text.matchAll(/<Term[^>]*?\sid=\{([^}]+)\}/g)].map((hit) => `${name}: ${hit[1]}`),
);
/** Tables whose rows hold a word: `["Dtype", "dtype", …]`. */
const TABLES = ["models/Loaded.tsx", "captures/statisticsFile.ts"];

function linked(): Set<string> {
  const all = [...named.map(({ id }) => id), ...Object.values(COMPUTED).flat()];
  for (const { name, text } of sources)
    if (TABLES.includes(name))
      all.push(
        ...[...text.matchAll(/"(\w+)"/g)].map((hit) => hit[1]!).filter((id) => id in GLOSSARY),
      );
  const own = all as WordId[];
  return new Set([...own, ...own.flatMap((id) => GLOSSARY[id]?.members ?? [])]);
}

it("explains every word that the interface links to", () => {
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(({ id }) => !(id in GLOSSARY))).toEqual([]);
});

it("knows where every link with a computed word can lead", () => {
  const known = Object.keys(COMPUTED);
  const open = computed.filter((each) => !GIVEN.includes(each.split(":")[0]!));
  expect([...new Set(open)].sort()).toEqual([...known].sort());
});

it("is linked to from the interface, each entry from somewhere", () => {
  const all = linked();
  expect(Object.keys(GLOSSARY).filter((id) => !all.has(id))).toEqual([]);
});

it("explains every site, operation, direction and metric, and tells each with its list", () => {
  for (const id of [SITES, OPS, METRICS].flatMap(ids)) expect(GLOSSARY, id).toHaveProperty(id);
  expect(GLOSSARY.site.members).toEqual(ids(SITES));
  expect(GLOSSARY.edit.members).toEqual(ids(OPS));
  expect(GLOSSARY.metric.members).toEqual(ids(METRICS));
  expect(GLOSSARY.direction.members).toHaveLength(Object.keys(DIRECTIONS).length);
});

it("lists each term once, in short sentences", () => {
  const listed = GROUPS.flatMap((group) => group.ids);
  expect([...listed].sort()).toEqual(Object.keys(GLOSSARY).sort());
  const terms = Object.values(GLOSSARY).map(({ term }) => term);
  expect(new Set(terms).size).toBe(terms.length);
  for (const { term, plain, members } of Object.values(GLOSSARY)) {
    expect(term).not.toBe("");
    expect(plain).toMatch(/[.?]$/);
    expect(plain.length, term).toBeLessThan(260);
    for (const id of members) expect(GLOSSARY, id).toHaveProperty(id);
  }
});
