import { expect, it } from "vitest";
import type { GridData, Result } from "../api/types";
import { whatDiffers, whatWasDone } from "./describe";
import { metricPairs, pairGrids, pairRuns, pairTokens, trio } from "./pair";

const MODEL = { id: "atlas", model_digest: "m1", tokenizer_digest: "t1", dtype: "float32" };
const metric = (kind: string, unit: string, tokens: number[] = []) => ({
  kind,
  unit,
  tokens,
  label: tokens.length ? `${kind} ␣T${tokens[0]}` : kind,
  clean: kind === "kl" ? 0 : 0.5,
  floor: 0.001,
});

function grid(fields: Partial<GridData> = {}, values = [1, 2, 3, 4]): GridData {
  return {
    kind: "sweep",
    spec: { prompt: "x", op: { kind: "zero" }, over: { sites: ["attn_out"] } },
    model: MODEL,
    tokens: [{ index: 0, id: 0, text: "x" }],
    dims: ["site", "layer"],
    coords: { site: ["attn_out"], layer: [0, 1, 2, 3] },
    metrics: { kl: metric("kl", "nats") },
    values: { kl: values },
    status: { kl: ["ok", "ok", "ok", "ok"] },
    top: [null, null, null, null],
    complete: true,
    ...fields,
  } as unknown as GridData;
}

function run(top: [number, string, number][], change: number, model = MODEL): Result {
  return {
    kind: "run",
    spec: { prompt: "x", edits: [] },
    model,
    edited: { position: 0, top: top.map(([id, token, prob]) => ({ id, token, prob, logit: 0 })) },
    metrics: { kl: { ...metric("kl", "nats"), edited: change, change, status: "ok" } },
  } as unknown as Result;
}

it("refuses other axes and says which", () => {
  const heads = grid({ dims: ["site", "layer", "head"] });
  expect(pairGrids(grid(), heads)).toEqual({
    ok: false,
    why: ["A has the axes site × layer; B has site × layer × head."],
  });
  const longer = grid({ coords: { site: ["attn_out"], layer: [0, 1, 2, 3, 4, 5] } });
  expect(pairGrids(grid(), longer)).toEqual({
    ok: false,
    why: ["On the axis layer: A has 0-3, B has 0-5."],
  });
});

it("takes one part for another where it is the only one, and says so", () => {
  const mlp = grid({ coords: { site: ["mlp_out"], layer: [0, 1, 2, 3] } });
  const found = pairGrids(grid(), mlp);
  expect(found).toMatchObject({
    ok: true,
    notes: ["Not the same site: A has Attention, B has MLP."],
  });
});

it("notes what is easily overlooked", () => {
  const other = grid({
    model: { ...MODEL, model_digest: "m2" } as GridData["model"],
    complete: false,
  });
  const found = pairGrids(grid(), other);
  expect(found.ok && found.notes.join(" ")).toMatch(/two models.*left out of B − A/);
});

it("subtracts cell by cell, and nothing from what is missing", () => {
  const b = grid({ status: { kl: ["ok", "pending", "ok", "ok"] } }, [3, 2, 3, 1]);
  b.values.kl![1] = null;
  const { difference } = trio(grid(), b, { a: "kl", b: "kl", title: "KL" });
  expect(difference.values).toEqual([2, null, 0, -3]);
  expect(difference.status).toEqual(["ok", "pending", "ok", "ok"]);
  expect(difference).toMatchObject({ signed: true, isChange: true, floor: 0.002 });
});

it("pairs metrics by key, or by kind where each has one of it", () => {
  const a = { kl: metric("kl", "nats"), "prob:7": metric("prob", "probability", [7]) };
  const b = { kl: metric("kl", "nats"), "prob:9": metric("prob", "probability", [9]) };
  expect(metricPairs(a, b, true)).toEqual([
    { a: "kl", b: "kl", title: "KL" },
    { a: "prob:7", b: "prob:9", title: "Probability ␣T7 / Probability ␣T9" },
  ]);
  const two = { ...b, "prob:8": metric("prob", "probability", [8]) };
  expect(metricPairs(a, two, true).map((pair) => pair.a)).toEqual(["kl"]);
});

it("compares runs metric by metric, and tells noise from difference", () => {
  const found = pairRuns(run([], 1), run([], 1.001));
  expect(found.ok && found.pairs[0]).toMatchObject({ a: 1, b: 1.001, told: false });
  const more = pairRuns(run([], 1), run([], 3));
  expect(more.ok && more.pairs[0]).toMatchObject({ difference: 2, told: true });
});

it("matches tokens by id, the most likely first, and only of one tokenizer", () => {
  const a = run(
    [
      [1, " Paris", 0.8],
      [2, " a", 0.1],
    ],
    1,
  );
  const b = run(
    [
      [3, " Rome", 0.9],
      [1, " Paris", 0.05],
    ],
    1,
  );
  const found = pairTokens(a, b);
  expect(found.ok && found.pairs.map(({ id, a: x, b: y }) => [id, x, y])).toEqual([
    [3, null, 0.9],
    [1, 0.8, 0.05],
    [2, 0.1, null],
  ]);
  expect(pairTokens(a, run([], 1, { ...MODEL, tokenizer_digest: "t2" })).ok).toBe(false);
});

it("says what was done, and what differs in the question", () => {
  expect(whatWasDone(grid())).toBe("zero attention at each layer");
  expect(whatWasDone(run([], 0))).toBe("no edit");
  const b = grid();
  const spec = { ...b.spec, prompt: "x " };
  expect(whatDiffers(grid(), { ...b, spec })).toEqual([{ what: "Prompt", a: "x", b: "x␣" }]);
  expect(whatDiffers(grid(), grid())).toEqual([]);
});
