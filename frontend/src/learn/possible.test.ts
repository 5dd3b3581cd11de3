import { expect, it } from "vitest";
import type { ModelInfo } from "../api/types";
import { type Facts, LESSONS } from "../state/aside";
import { cannot, caveat } from "./possible";

const site = (name: string, certified = true) => ({ site: name, certified, layers: [0, 1] });
const info = (sites: object[], n_layers = 2) => ({ sites, n_layers }) as unknown as ModelInfo;
const score = { id: 1, token: "x", prob: 0.9, logit: 1 };
const FACTS: Facts = {
  digest: "d",
  a: "A",
  b: "B",
  answerA: score,
  answerB: score,
  made: false,
  changed: null,
  lastDiffers: false,
};

it("offers all tasks where all can be done", () => {
  for (const each of LESSONS) expect(cannot(each, info([site("resid_pre")]), FACTS)).toBeNull();
});

it("says of each task why a model cannot do it", () => {
  const full = info([site("resid_pre")]);
  expect(cannot("predict", info([]), null)).toBeNull();
  expect(cannot("break", info([site("mlp_out", false)]), null)).toMatch(/No part/);
  expect(cannot("restore", full, { ...FACTS, b: null, answerB: null })).toMatch(/No two prompts/);
  expect(cannot("locate", info([site("mlp_out")]), FACTS)).toMatch(/stream between layers/);
  expect(cannot("locate", info([site("resid_pre")], 1), FACTS)).toMatch(/single layer/);
  expect(cannot("locate", full, { ...FACTS, lastDiffers: true })).toMatch(/last token/);
});

it("does not let made-up prompts pass for knowledge", () => {
  expect(caveat(FACTS)).toBeNull();
  expect(caveat({ ...FACTS, changed: 2 })).toMatch(/not that it knows something/);
  expect(caveat({ ...FACTS, made: true })).toMatch(/no sensible order.*not that it knows/);
  expect(caveat({ ...FACTS, changed: 2 }, "break")).toBeNull();
  expect(caveat({ ...FACTS, changed: 2 }, "restore")).toMatch(/one token changed/);
});
