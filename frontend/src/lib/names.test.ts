import { expect, it } from "vitest";
import type { Op } from "../api/types";
import {
  componentName,
  editText,
  metricTitle,
  opName,
  placeName,
  placeText,
  shortName,
  sweptText,
} from "./names";
import { OPS, SITE_ORDER } from "./words";

it("has a name for every site, no two alike", () => {
  const names = SITE_ORDER.map((site) => componentName({ site }));
  expect(new Set(names).size).toBe(SITE_ORDER.length);
  expect(new Set(SITE_ORDER.map((site) => shortName({ site }))).size).toBe(SITE_ORDER.length);
});

it("names heads of keys and values as key-value heads", () => {
  expect(componentName({ site: "v", layer: 1, head: 2 })).toBe(
    "the values of key-value head 2 of layer 1",
  );
  expect(shortName({ site: "v", layer: 1, head: 2 })).toBe("L1.KV2 value");
  expect(shortName({ site: "q", layer: 1, head: 2 })).toBe("L1.H2 query");
  expect(shortName({ site: "z", layer: 1, head: 2 })).toBe("L1.H2");
});

it("writes places as a sentence does, with the words at their positions", () => {
  const tokens = ["The", " cat", " saw", "The"].map((text, index) => ({ index, id: index, text }));
  const at = (position: number | number[]) =>
    placeText({ site: "resid_pre", layer: 4, position }, tokens);
  expect(at(1)).toBe("stream into layer 4 at ␣cat");
  expect(at(-1)).toBe("stream into layer 4 at The (position 3)");
  expect(at([1, 2])).toBe("stream into layer 4 at ␣cat, ␣saw");
  expect(at([0, 1, 2, 3])).toBe("stream into layer 4 at positions 0-3");
  expect(at(9)).toBe("stream into layer 4 at position 9");
  expect(placeText({ site: "pattern", layer: 1, head: 2, key: 1 }, tokens)).toBe(
    "attention pattern of head 2 of layer 1 reading ␣cat",
  );
  expect(editText({ target: { site: "attn_out", layer: 3 }, op: { kind: "zero" } }, [])).toBe(
    "zero attention of layer 3",
  );
  const path: Op = { kind: "path", source_prompt: "x", to: [{ site: "mlp_out", layer: 5 }] };
  expect(editText({ target: { site: "z", layer: 1, head: 2 }, op: path }, [])).toBe(
    "path from head 2 of layer 1 to MLP of layer 5",
  );
  expect(sweptText(["attn_out", "mlp_out"], ["layer"])).toBe("attention and MLP at each layer");
});

it("writes the place of a selection as the command line does", () => {
  expect(placeName({ site: "pattern", position: -1, key: [0, 1, 2] })).toBe(" @-1/0-2");
  expect(placeName({ site: "pattern", key: 0 })).toBe(" @*/0");
  expect(placeName({ site: "z" })).toBe("");
});

it("writes every operation short", () => {
  const reference = { prompts: ["a", "b"] };
  const ops: Op[] = [
    { kind: "zero" },
    { kind: "mean", reference },
    { kind: "patch", source_prompt: "x" },
    { kind: "add", direction: { kind: "random", seed: 0 } },
    { kind: "scale", factor: 2 },
    { kind: "set", value: 1 },
    { kind: "noise", sigma: 3, seed: 0 },
    { kind: "resample", reference, seed: 0 },
    { kind: "path", source_prompt: "x", to: [{ site: "mlp_out", layer: 5 }] },
  ];
  expect(ops.map((op) => op.kind)).toEqual(Object.keys(OPS));
  expect(ops.map(opName)).toEqual([
    "zero",
    "mean of 2",
    "patch",
    "add 1×",
    "× 2",
    "= 1",
    "noise 3 σ",
    "resampled of 2",
    "path to L5 MLP",
  ]);
});

it("says where a metric is read when that is its own", () => {
  expect(metricTitle({ kind: "kl", label: "kl @4" })).toBe("KL @4");
  expect(metricTitle({ kind: "kl", label: "kl" })).toBe("KL");
  expect(metricTitle({ kind: "prob", label: "prob ␣Paris @4", tokens: [7] })).toBe(
    "Probability ␣Paris @4",
  );
});
