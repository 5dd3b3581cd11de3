import { expect, it } from "vitest";
import type { GridData } from "../api/types";
import { checkWords, controlLines } from "./controlLines";
import { shownMetric } from "./gridView";

const value = (
  found: number | null,
  expected: number | null = null,
  spread: number | null = null,
) => ({
  found,
  expected,
  spread,
  status: found === null ? "non_finite" : "ok",
});

function lines(control: object, key = "recovered:logit_diff:1:2") {
  const grid = {
    dims: ["site", "layer"],
    coords: { site: ["mlp_out"], layer: [0, 1] },
    tokens: [],
    metrics: {
      "logit_diff:1:2": {
        kind: "logit_diff",
        label: "logit diff a − b",
        unit: "logits",
        tokens: [1, 2],
        clean: 2,
      },
      "recovered:logit_diff:1:2": {
        kind: "recovered",
        label: "recovered logit diff a − b",
        unit: "fraction",
        tokens: [],
        clean: 0,
      },
    },
    values: { "logit_diff:1:2": [2, 6.1], "recovered:logit_diff:1:2": [0, 1] },
    status: {},
    controls: [{ cells: [], draws: 1, passed: null, reason: "", metrics: {}, ...control }],
  } as unknown as GridData;
  return controlLines(grid, shownMetric(grid, key));
}

it("says that what must not change anything did not", () => {
  expect(lines({ kind: "self_patch", passed: true })).toMatchObject([
    { name: "Self-patch", state: "passed", says: "no change, as it must be" },
  ]);
});

it("gives the number at which a full patch arrives", () => {
  const metrics = { "recovered:logit_diff:1:2": value(1, 1) };
  expect(lines({ kind: "full_patch", passed: true, metrics })[0]).toMatchObject({
    state: "passed",
    says: "gives the source’s answer: Recovered 1",
  });
});

it("warns of a grid whose control failed, with both numbers", () => {
  const metrics = { "recovered:logit_diff:1:2": value(0.4, 1) };
  const [full] = lines({ kind: "full_patch", passed: false, metrics });
  expect(full).toMatchObject({ state: "failed" });
  expect(full!.says).toMatch(/does not give the source’s answer.*0\.4, not 1.*Do not trust/);
  const [own] = lines({ kind: "self_patch", passed: false, metrics });
  expect(own).toMatchObject({ state: "failed" });
  expect(own!.says).toMatch(/moved the output.*\+0\.4/);
  expect(lines({ kind: "self_patch", passed: false })[0]!.says).toContain("no number");
});

it("sets random directions beside the cell, both as changes", () => {
  const metrics = { "logit_diff:1:2": value(1.88, null, 0.3) };
  const control = { kind: "random_direction", cells: [1], draws: 8, metrics };
  expect(lines(control, "logit_diff:1:2")).toMatchObject([
    {
      name: "Random directions",
      state: "told",
      says: "8 of the same norm at the greatest cell (MLP of layer 1): −0.12 ± 0.3; the cell: +4.1",
    },
  ]);
});

it("says why a control was not run", () => {
  const [line] = lines({ kind: "full_patch", reason: "held edits do not apply" });
  expect(line).toMatchObject({ state: "not run", says: "not run: held edits do not apply" });
});

it("sums the checks up in words, and only those that passed", () => {
  const controls = [
    { kind: "self_patch", passed: true },
    { kind: "full_patch", passed: false },
  ];
  expect(checkWords({ controls, deviation: 1.2e-5 } as unknown as GridData)).toEqual([
    "Putting a value back in its own place: no change.",
    "Spot check against one forward per cell: the same within 1.2e−5 in any logit.",
  ]);
});
