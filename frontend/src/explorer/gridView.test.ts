import { expect, it } from "vitest";
import type { GridData } from "../api/types";
import { toCsv } from "./gridCsv";
import {
  cardCell,
  cellName,
  cellRun,
  extremes,
  metricTab,
  shownMetric,
  showSpread,
} from "./gridView";

const grid = {
  dims: ["site", "layer", "position"],
  coords: { site: ["resid_pre"], layer: [0, 1], position: [0, 1] },
  tokens: [
    { index: 0, id: 1, text: "<s>" },
    { index: 1, id: 5, text: " Tower" },
  ],
  spec: {
    prompt: "x",
    op: { kind: "zero" },
    over: { sites: ["resid_pre"] },
    metrics: [{ kind: "kl" }],
    read_position: -1,
    top_k: 5,
  },
  metrics: {
    kl: { kind: "kl", label: "kl", unit: "nats", clean: 0 },
    "prob:7": {
      kind: "prob",
      label: "prob ␣Paris",
      unit: "probability",
      tokens: [7],
      clean: 0.8,
      floor: 0,
    },
  },
  values: { kl: [1, 2, null, 4], "prob:7": [0.5, 0.9, null, 0.8] },
  status: { kl: ["ok", "ok", "failed", "ok"], "prob:7": ["ok", "ok", "failed", "ok"] },
  top: [{ id: 7, token: ' "P,', logit: 1, prob: 1 }, null, null, null],
} as unknown as GridData;

it("shows the change against the clean run, and divergences as they are", () => {
  const prob = shownMetric(grid, "prob:7");
  expect(prob).toMatchObject({ isChange: true, signed: true, name: "Probability ␣Paris" });
  expect(prob.values[0]).toBeCloseTo(-0.3);
  expect(prob.values[2]).toBeNull();
  expect(shownMetric(grid, "kl")).toMatchObject({
    isChange: false,
    signed: false,
    values: [1, 2, null, 4],
  });
});

it("opens the run that a cell stands for", () => {
  expect(cellRun(grid, 3).edits).toEqual([
    { target: { site: "resid_pre", layer: 1, position: 1 }, op: { kind: "zero" } },
  ]);
  expect(cellName(grid, 3)).toBe("stream into layer 1 at ␣Tower");
});

it("finds the largest effect of either sign", () => {
  expect(extremes(shownMetric(grid, "prob:7"))).toMatchObject({ index: 0 });
});

it("writes CSV with status, and quotes what needs it", () => {
  const lines = toCsv(grid).split("\n");
  expect(lines[0]).toBe("site,layer,position,kl,kl status,prob:7,prob:7 status,top token");
  expect(lines[1]).toBe('resid_pre,0,0,1,ok,0.5,ok," ""P,"');
  expect(lines[3]).toContain(",failed,");
});

it("keeps what a cell was held under, and the keys of a pattern", () => {
  const held = [{ target: { site: "z", layer: 0, head: 1 }, op: { kind: "zero" } }];
  const pattern = {
    ...grid,
    dims: ["site", "layer", "key"],
    coords: { site: ["pattern"], layer: [0, 1], key: [0, 1] },
    spec: { ...grid.spec, held, ordered: true },
  } as unknown as GridData;
  expect(cellRun(pattern, 3)).toMatchObject({
    edits: [{ target: { site: "pattern", layer: 1, key: 1 } }],
    held,
    ordered: true,
  });
  expect(cellName(pattern, 3)).toBe("attention pattern of layer 1 reading ␣Tower");
});

it("calls the heads of keys and values what they are", () => {
  const keys = { dims: ["site", "head"], coords: { site: ["k"], head: [0, 1] } };
  expect(cellName({ ...grid, ...keys } as unknown as GridData, 1)).toBe(
    "keys of key-value head 1 of every layer",
  );
});

it("shows the spread of several draws, in the page and in CSV", () => {
  const drawn = { ...grid, draws: 3, spread: { "prob:7": [0.03, null, null, 0.1] } };
  const prob = shownMetric(drawn as unknown as GridData, "prob:7");
  expect(showSpread(prob, 0)).toBe(" ± 3 pp");
  expect(showSpread(prob, 1)).toBe("");
  expect(showSpread(shownMetric(grid, "prob:7"), 0)).toBe("");
  const [head, first] = toCsv(drawn as unknown as GridData).split("\n");
  expect(head).toContain("prob:7 spread,top token");
  expect(first).toContain(",0.03,");
});

it("leaves tokens out of a metric's tab unless two would be alike", () => {
  expect(metricTab(grid, "prob:7")).toBe("Probability");
  const two = { ...grid, metrics: { ...grid.metrics, "prob:8": grid.metrics["prob:7"] } };
  expect(metricTab(two as GridData, "prob:7")).toBe("Probability ␣Paris");
});

it("does not hold up the last word of a patched stream where another place does as much", () => {
  const patched = (values: number[]) =>
    ({
      ...grid,
      spec: { ...grid.spec, op: { kind: "patch", source_prompt: "y" } },
      clean: { position: 1, top: [] },
      values: { ...grid.values, kl: values },
    }) as unknown as GridData;
  const card = (values: number[]) => cardCell(patched(values), shownMetric(patched(values), "kl"));
  expect(card([3, 0, 1, 4])).toMatchObject({ index: 0, says: "Largest effect at an earlier word" });
  expect(card([1, 0, 1, 4])).toEqual({ index: 3, says: "Largest effect" });
  expect(card([4, 0, 1, 4])).toEqual({ index: 0, says: "One of 2 with the largest effect" });
  expect(card([4.00001, -4, 3.999999, 3.9])).toEqual({
    ...{ index: 0, says: "One of 2 with the largest effect" },
  });
  expect(card([0, 0, 0, 0])).toEqual({ index: 0, says: "One of 4 with the largest effect" });
});
