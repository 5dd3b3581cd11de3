import { describe, expect, it } from "vitest";
import type { GridData } from "../api/types";
import { gridVerdict } from "./gridVerdict";
import { shownMetric } from "./gridView";
import { sweepWords } from "./gridWords";

const REC = "recovered:logit_diff:1:2";
const WORDS = ["<|bos|>", "The", " Eiffel", " Tower", " is", " in"];
const PATCH = { kind: "patch", source_prompt: "The Colosseum is in" };

/** A sweep of the stream whose cells are 0 but for those given as [layer, position, value]. */
function patched(cells: [number, number, number][], more: Record<string, unknown> = {}): GridData {
  const [layers, n] = [6, WORDS.length];
  const values: (number | null)[] = Array(layers * n).fill(0);
  const top = values.map(() => ({ id: 1, token: " Paris", logit: 1, prob: 0.8 }));
  for (const [layer, position, value] of cells) {
    values[layer * n + position] = value;
    if (value > 0.5) top[layer * n + position] = { id: 2, token: " Rome", logit: 1, prob: 0.8 };
  }
  return {
    dims: ["site", "layer", "position"],
    coords: { site: ["resid_pre"], layer: [0, 1, 2, 3, 4, 5], position: [0, 1, 2, 3, 4, 5] },
    tokens: WORDS.map((text, index) => ({ index, id: index, text })),
    spec: { prompt: "The Eiffel Tower is in", op: PATCH, over: { sites: ["resid_pre"] } },
    clean: { top: [{ id: 1, token: " Paris", logit: 1, prob: 0.9 }] },
    metrics: {
      [REC]: { kind: "recovered", label: REC, unit: "fraction", tokens: [], clean: 0, floor: 1e-6 },
    },
    values: { [REC]: values },
    status: { [REC]: values.map(() => "ok") },
    top,
    controls: [{ kind: "full_patch", passed: true, metrics: { [REC]: { found: 1 } } }],
    ...more,
  } as unknown as GridData;
}

const CARRIED: [number, number, number][] = [
  [0, 2, 0.99],
  [1, 2, 0.97],
  [2, 2, 0.97],
  [3, 2, 0.8],
  [4, 5, 1],
  [5, 5, 1],
  [0, 3, 0.1],
];

const say = (grid: GridData, running = false) =>
  gridVerdict(grid, shownMetric(grid, Object.keys(grid.metrics)[0]!), running);

describe("patches of the stream", () => {
  it("says where at least half of the difference sits, and where it moves", () => {
    const { headline, details } = say(patched(CARRIED));
    expect(headline).toBe(
      "The difference sits at `␣Eiffel` entering layers 0–3 and at `␣in` entering layers 4–5; it moves in layer 3.",
    );
    expect(details.join(" ")).toContain(
      "at least half of what patching every place does (Recovered",
    );
    expect(details.join(" ")).toContain("The model says `␣Rome` at all 6 of these cells.");
  });

  it("names the two tokens that the metric compares", () => {
    const of = { kind: "logit_diff", answer: " Paris", foil: " Rome" };
    const grid = patched(CARRIED);
    grid.spec = { ...grid.spec, metrics: [{ kind: "recovered", of }] } as typeof grid.spec;
    expect(say(grid).headline).toMatch(/^The difference between `␣Paris` and `␣Rome` sits at/);
  });

  it("tells cells that say something else from those that say the source's answer", () => {
    const grid = patched(CARRIED);
    grid.top[3 * 6 + 2] = { id: 9, token: " Italy", logit: 1, prob: 0.58 };
    expect(say(grid).details.join(" ")).toContain(
      "Of these 6 cells, the model says `␣Rome` in 5 and `␣Italy` in 1.",
    );
  });

  it("does not say that it moves where both places carry at once, or cells are missing", () => {
    expect(say(patched([...CARRIED, [3, 5, 0.6]])).headline).not.toContain("moves");
    const holed = patched(CARRIED);
    holed.status[REC]![7] = "failed";
    holed.values[REC]![7] = null;
    const { headline, details } = say(holed);
    expect(headline).not.toContain("moves");
    expect(details.join(" ")).toContain("1 cell has no value here");
    expect(say(patched(CARRIED.filter(([layer]) => layer !== 4))).headline).toMatch(
      /in between\.$/,
    );
  });

  it("says so where no place carries half, and gives the strongest", () => {
    const { headline } = say(patched([[2, 3, 0.318]]));
    expect(headline).toBe(
      "No single place carries half of the difference; the strongest, the stream into layer 2 at `␣Tower`, does 31 % of it.",
    );
  });

  it("says “so far” only while cells come, and counts those that have not run", () => {
    const grid = patched(CARRIED);
    for (const index of [30, 31, 32]) {
      grid.values[REC]![index] = null;
      grid.status[REC]![index] = "pending";
    }
    expect(say(grid, true).headline).toMatch(/^So far \(33 of 36 cells\): the difference sits/);
    const { headline, details } = say(grid);
    expect(headline).not.toContain("So far");
    expect(details.join(" ")).toContain("3 cells have not run");
  });

  it("compares with the largest cell where everything was not patched, and says so", () => {
    const { headline } = say(patched(CARRIED, { controls: [] }));
    expect(headline).toMatch(/^At least half of the largest effect is reached at `␣Eiffel`/);
  });

  it("claims nothing of noise, of undefined numbers, or of a grid whose check failed", () => {
    expect(say(patched([[2, 3, 1e-7]])).headline).toMatch(/nothing here moves .* noise floor/i);
    const none = patched([]);
    none.values[REC] = none.values[REC]!.map(() => null);
    none.status[REC] = none.status[REC]!.map(() => "undefined" as const);
    expect(say(none).headline).toMatch(/^No cell has a value for Recovered/);
    const failed = [{ kind: "self_patch", passed: false }];
    expect(say(patched(CARRIED, { controls: failed })).headline).toContain("cannot be trusted");
  });

  it("numbers a word that the prompt has twice", () => {
    const tokens = WORDS.map((text, index) => ({ index, id: index, text: index ? text : " in" }));
    expect(say(patched(CARRIED, { tokens })).headline).toContain("at `␣in` (position 5) entering");
  });
});

describe("other sweeps", () => {
  const zeroed = (values: number[], floor: number | null = 0) =>
    ({
      dims: ["site", "layer"],
      coords: { site: ["attn_out", "mlp_out"], layer: [0, 1] },
      tokens: [],
      spec: { prompt: "x", op: { kind: "zero" }, over: { sites: ["attn_out", "mlp_out"] } },
      clean: { top: [] },
      metrics: {
        "prob:1": {
          kind: "prob",
          label: "prob ␣Paris",
          unit: "probability",
          tokens: [1],
          clean: 0.9,
          floor,
        },
      },
      values: { "prob:1": values },
      status: { "prob:1": values.map(() => "ok") },
      top: values.map(() => null),
    }) as unknown as GridData;

  it("names the strongest, what comes next, and how many reach half", () => {
    const { headline, details } = say(zeroed([0.1, 0.9, 0.8, 0.4]));
    expect(headline).toBe(
      "The attention of layer 0 has the largest effect: −80 pp (change of Probability ␣Paris).",
    );
    expect(details.join(" ")).toContain("Next: the MLP of layer 1 (−50 pp)");
    expect(details.join(" ")).toContain(
      "2 of 4 cells have at least half of the largest effect; 3 are above the noise floor.",
    );
  });

  it("names ties as ties, and nothing below the noise floor", () => {
    expect(say(zeroed([0.1, 0.9, 0.8, 0.1])).headline).toBe(
      "The attention of layer 0 and the MLP of layer 1 have the same, largest effect: −80 pp (change of Probability ␣Paris).",
    );
    expect(say(zeroed([0.9001, 0.9, 0.9, 0.9], 0.01)).headline).toMatch(/^Nothing here moves/);
  });
});

it("says in words what was swept", () => {
  expect(sweepWords(patched([]))).toBe(
    "Stream in, patched from “The Colosseum is in” into “The Eiffel Tower is in”",
  );
});
