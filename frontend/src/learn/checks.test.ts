import { expect, it } from "vitest";
import type { Edit, GridData, Result } from "../api/types";
import { shownMetric } from "../explorer/gridView";
import type { Facts } from "../state/aside";
import { EXAMPLE } from "../state/draft";
import { CHECKS, type Seen } from "./checks";
import { arrival, whereItSat } from "./finding";
import { LESSON_TEXTS } from "./lessons";

const score = (id: number, token: string, prob: number) => ({ id, token, prob, logit: 0 });
const PARIS = score(1, " Paris", 0.8);
const ROME = score(2, " Rome", 0.7);
const FACTS: Facts = {
  digest: "d",
  a: "A",
  b: "B",
  answerA: PARIS,
  answerB: ROME,
  made: false,
  changed: null,
  lastDiffers: false,
};
const NOTHING: Seen = {
  draft: { ...EXAMPLE, edits: [] },
  result: null,
  grid: null,
  cell: null,
  metric: null,
  guess: "",
  onMap: false,
};
const zero: Edit = { target: { site: "mlp_out", layer: 3 }, op: { kind: "zero" } };
const patch: Edit = {
  target: { site: "resid_pre", layer: 2, position: 1 },
  op: { kind: "patch", source_prompt: "A" },
};

function result(prompt: string, edits: Edit[], clean: (typeof PARIS)[], edited = clean): Result {
  return {
    spec: { prompt, edits },
    clean: { top: clean },
    edited: { top: edited },
  } as unknown as Result;
}

const check = (lesson: keyof typeof CHECKS, step: number, seen: Partial<Seen>) =>
  CHECKS[lesson][step]!({ ...NOTHING, ...seen }, FACTS);

it("has a check for every step, and waits at each while nothing was done", () => {
  for (const [lesson, checks] of Object.entries(CHECKS)) {
    expect(checks).toHaveLength(LESSON_TEXTS[lesson as keyof typeof CHECKS].steps.length);
    for (const each of checks) expect(each(NOTHING, FACTS).met).toBe(false);
  }
});

it("compares the guess with the list", () => {
  const clean = result("A", [], [PARIS, score(3, " Fra", 0.1)]);
  const says = (guess: string) => check("predict", 1, { result: clean, guess }).says;
  expect(says("paris")).toContain("That was your guess, too.");
  expect(says("France")).toContain("in 2nd place");
  expect(says("Oslo")).toContain("“Oslo” is not among its first 2");
  expect(check("predict", 1, { result: result("B", [], [ROME]) }).met).toBe(false);
  expect(check("predict", 1, { result: result("A", [zero], [PARIS]) }).met).toBe(false);
});

it("waits for an edit after which the model says something else", () => {
  const kept = result("A", [zero], [PARIS], [score(1, " Paris", 0.5)]);
  expect(check("break", 1, { result: kept }).says).toContain("`␣Paris` went from 80 % to 50 %");
  expect(check("break", 2, { result: kept })).toMatchObject({
    met: false,
    says: expect.stringContaining("still says `␣Paris`"),
  });
  const lost = result("A", [zero], [PARIS], [ROME]);
  expect(check("break", 2, { result: lost })).toMatchObject({ met: true });
  expect(check("break", 2, { result: result("A", [patch], [PARIS], [ROME]) }).met).toBe(false);
});

it("counts a part that was chosen, not one that an added edit begins with", () => {
  const at = (site: "attn_out", layer: number): Edit => ({ ...zero, target: { site, layer } });
  const draft = (edit: Edit) => ({ ...EXAMPLE, prompt: "A", edits: [edit] });
  expect(check("break", 0, { draft: draft(at("attn_out", 0)) })).toMatchObject({
    met: false,
    says: expect.stringContaining("on the map"),
  });
  expect(check("break", 0, { draft: draft(at("attn_out", 0)), onMap: true }).met).toBe(true);
  expect(check("break", 0, { draft: draft(at("attn_out", 2)) }).met).toBe(true);
});

it("says what it calls needed, and what is left of the answer", () => {
  const half = result("A", [zero], [PARIS], [ROME, score(1, " Paris", 0.4)]);
  expect(check("break", 2, { result: half }).says).toMatch(/from 80 % to 40 %.*is not gone/);
  const lost = result("A", [zero], [PARIS], [ROME, score(1, " Paris", 0.01)]);
  expect(check("break", 2, { result: lost }).says).not.toContain("not gone");
});

it("waits for a patch that brings the other answer", () => {
  const draft = { ...EXAMPLE, prompt: "B", edits: [patch] };
  expect(check("restore", 1, { draft }).met).toBe(true);
  expect(check("restore", 1, { draft: { ...draft, prompt: "A" } }).met).toBe(false);
  expect(check("restore", 2, { result: result("B", [patch], [ROME], [ROME, PARIS]) }).met).toBe(
    false,
  );
  const back = check("restore", 2, { result: result("B", [patch], [ROME], [PARIS]) });
  expect(back).toMatchObject({ met: true, says: expect.stringContaining("now says `␣Paris`") });
});

function grid(values: number[], complete = true): GridData {
  return {
    spec: { prompt: "B", op: patch.op, over: { sites: ["resid_pre"] } },
    dims: ["site", "layer", "position"],
    coords: { site: ["resid_pre"], layer: [0, 1, 2], position: [0, 1] },
    tokens: [],
    metrics: { "prob:1": { kind: "prob", label: "prob", unit: "probability", clean: 0 } },
    values: { "prob:1": values },
    status: { "prob:1": values.map(() => "ok") },
    top: values.map(() => null),
    complete,
  } as unknown as GridData;
}

it("finds where the last position has half of the largest effect", () => {
  const found = grid([1, 0, 0.9, 0.6, 0, 0.9]);
  expect(arrival(found, shownMetric(found, "prob:1"))).toBe(3);
  const at = (cell: number) => check("locate", 2, { grid: found, cell });
  expect(at(3)).toMatchObject({ met: true });
  expect(at(3).finding).toBe(
    "It is there entering layer 1, at position 1, the last word. Before that it sat at position 0 (entering layers 0, 1).",
  );
  const none = grid([1, 0, 1, 0, 1, 0]);
  expect(whereItSat(none, shownMetric(none, "prob:1"))).toContain("No layer");
  expect(at(1)).toMatchObject({ met: false, says: expect.stringContaining("Too early") });
  expect(at(5).says).toContain("earlier layer");
  expect(at(2).says).toContain("another position");
});

it("waits for the whole sweep", () => {
  expect(check("locate", 1, { grid: grid([1, 0, 1, 1, 0, 1], false) }).met).toBe(false);
  expect(check("locate", 1, { grid: grid([1, 0, 1, 1, 0, 1]) }).met).toBe(true);
  expect(check("locate", 3, { result: result("B", [patch], [ROME], [PARIS]) }).met).toBe(true);
});
