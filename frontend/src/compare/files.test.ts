import { expect, it } from "vitest";
import type { GridData, Result } from "../api/types";
import { type ChartFile, sheet } from "../charts/exportFiles";
import { sceneSvg } from "../charts/sceneSvg";
import { gridCompareFile } from "./gridCompareFile";
import { pairGrids, pairRuns, pairTokens, trio } from "./pair";
import { metricsFile, tokensFile } from "./runCompareFile";
import { barScene, metricLines } from "./trioLines";

const MODEL = {
  id: "atlas",
  model_digest: "d1".repeat(32),
  tokenizer_digest: "t",
  dtype: "float32",
};
const PROB = { kind: "prob", label: "prob ␣Paris", unit: "probability", tokens: [7], clean: 0.5 };

function grid(spec: string, values: (number | null)[], status: string[]): GridData {
  return {
    kind: "sweep",
    spec_hash: spec.repeat(64),
    spec: { prompt: "x", op: { kind: "zero" }, over: { sites: ["attn_out"] } },
    model: MODEL,
    tokens: [{ index: 0, id: 0, text: " x" }],
    dims: ["site", "layer"],
    coords: { site: ["attn_out"], layer: [0, 1, 2] },
    metrics: { "prob:7": { ...PROB, floor: 0.001 } },
    values: { "prob:7": values },
    status: { "prob:7": status },
    top: [null, null, null],
    complete: true,
  } as unknown as GridData;
}

const a = grid("a", [0.5, 0.25, 0.5], ["ok", "ok", "ok"]);
const b = grid("b", [0.75, 0.25, null], ["ok", "ok", "pending"]);
const found = pairGrids(a, b);
if (!found.ok) throw new Error("These fit.");
const pair = found.pairs[0]!;
const three = trio(a, b, pair);
const grids = gridCompareFile({ a, b, pair, three });

function run(spec: string, change: number): Result {
  const token = { id: 3, token: " Rome", prob: change, logit: 0 };
  return {
    kind: "run",
    spec_hash: spec.repeat(64),
    spec: { prompt: "x", edits: [] },
    model: MODEL,
    tokens: [{ index: 0, id: 0, text: " x" }],
    clean: { position: 0, top: [token] },
    edited: { position: 0, top: [token] },
    metrics: {
      kl: { kind: "kl", label: "kl", unit: "nats", clean: 0, edited: change, change, floor: 0.1 },
    },
  } as unknown as Result;
}

const SPEC = (letter: string) => `spec ${letter.repeat(64)}`;
const resolve = (colour: string) => (colour.startsWith("--") ? "gray" : colour);
const svgOf = (file: ChartFile) =>
  new DOMParser().parseFromString(
    sceneSvg(sheet(file), resolve, { title: file.title, description: file.source.join("\n") }),
    "image/svg+xml",
  );
const textsOf = (file: ChartFile) =>
  [...svgOf(file).querySelectorAll("text")].map((each) => each.textContent).join("\n");
const linesOf = (file: ChartFile) => file.csv().trimEnd().split("\n");

it("draws three grids with one legend, and says what they are of", () => {
  const texts = textsOf(grids);
  expect(texts.replaceAll("\n", " ")).toContain(
    "A, B and B − A: Change of Probability ␣Paris, percentage points, one scale for all three",
  );
  expect(texts).toMatch(/noise floor ±0\.2 pp for B − A/);
  expect(texts).toMatch(/ends at the 99th percentile/);
  expect(texts).toContain("hatched: 1 of 3 cells have not run in both");
  for (const side of ["A", "B", "B − A"]) expect(texts.split("\n")).toContain(side);
  const described = svgOf(grids).querySelector("desc")!.textContent;
  for (const says of [SPEC("a"), SPEC("b"), "atlas d1d1d1d1d1d1 float32", "␣x"])
    expect(described).toContain(says);
  // The cells that have a value, in all three; and the 64 steps of the legend.
  expect(svgOf(grids).querySelectorAll("g rect").length).toBe(3 + 2 + 2 + 64);
});

it("writes a row for each cell, with what is shown of it", () => {
  expect(linesOf(grids)).toEqual([
    "site,layer,A,B,B - A,A status,B status,metric,unit,noise floor of B - A",
    "attn_out,0,0,0.25,0.25,ok,ok,Change of Probability ␣Paris,probability,0.002",
    "attn_out,1,-0.25,-0.25,0,ok,ok,Change of Probability ␣Paris,probability,0.002",
    "attn_out,2,0,,,ok,pending,Change of Probability ␣Paris,probability,0.002",
  ]);
});

it("keeps both results in JSON as they are stored", () => {
  const kept = JSON.parse(grids.json());
  expect(kept).toMatchObject({ kind: "comparison", metric: pair, a, b });
  expect(kept.difference).toMatchObject({ values: [0.25, 0, null], unit: "probability" });
  expect(grids.name).toBe("neuronscope-compare-aaaaaaaa-bbbbbbbb");
});

it("saves what two runs did as bars beside their numbers", () => {
  const [one, other] = [run("a", 0.25), run("b", 0.5)];
  const metrics = pairRuns(one, other);
  const tokens = pairTokens(one, other);
  if (!metrics.ok || !tokens.ok) throw new Error("These fit.");
  const file = metricsFile(one, other, metrics.pairs);
  expect(linesOf(file)).toEqual([
    "metric,unit,A,B,B - A,noise floor of B - A",
    "KL,nats,0.25,0.5,0.25,0.2",
  ]);
  expect(textsOf(file)).toMatch(/KL, nats\n0\.25|\+0\.25/);
  expect(svgOf(file).querySelectorAll("g rect").length).toBe(3 + 3);
  expect(svgOf(file).querySelector("desc")!.textContent).toContain(SPEC("b"));
  expect(JSON.parse(file.json())).toMatchObject({ kind: "comparison", a: one, b: other });
  const said = tokensFile(one, other, tokens.pairs);
  expect(linesOf(said)[1]).toBe("3, Rome,0.25,0.5,0.25");
  expect(textsOf(said)).toContain("␣Rome");
});

it("draws no bar for what is missing, and calls nothing noise whose floor is not known", () => {
  const rects = (marks: readonly { kind: string }[]) => marks.filter(({ kind }) => kind === "rect");
  expect(rects(barScene([1, null, null], 1).marks)).toHaveLength(1);
  expect(rects(barScene([0, 0, 0], 0).marks)).toHaveLength(0);
  const kl = { title: "KL", kind: "kl" as const, unit: "nats" };
  const line = { ...kl, a: 1, b: 1, difference: 0, floor: null, told: false };
  expect(metricLines([line])[0]!.says[2]).toBe("noise not known");
  expect(metricLines([{ ...line, floor: 1 }])[0]!.says[2]).toBe("≤ noise");
  expect(metricLines([{ ...line, b: null, difference: null }])[0]!.says[2]).toBe("–");
});
