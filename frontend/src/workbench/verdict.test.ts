import { expect, it } from "vitest";
import type { Edit, Result } from "../api/types";
import { verdict } from "./verdict";

const score = (id: number, token: string, prob: number) => ({ id, token, prob, logit: 1 });
const token = (index: number, text: string) => ({ index, id: index, text });

function result(edits: Edit[], change = -0.7, floor = 1e-6): Result {
  return {
    spec: { prompt: "x", edits, metrics: [{ kind: "prob", token: " Paris" }] },
    tokens: [token(0, "<s>"), token(1, "The"), token(2, " Eiffel")],
    clean: { position: 2, top: [score(7, " Paris", 0.8), score(8, " the", 0.1)] },
    edited: { position: 2, top: [score(8, " the", 0.5), score(7, " Paris", 0.8 + change)] },
    metrics: {
      "prob:7": {
        kind: "prob",
        label: "",
        unit: "probability",
        tokens: [7],
        clean: 0.8,
        edited: 0.8 + change,
        change,
        floor,
        status: "ok",
      },
    },
  } as unknown as Result;
}

const zero = (target: Edit["target"]): Edit => ({ target, op: { kind: "zero" } });

it("names the component that was edited, and the numbers", () => {
  const { headline, details } = verdict(result([zero({ site: "mlp_out", layer: 3 })]));
  expect(headline).toBe("Setting the MLP of layer 3 to zero moved `␣Paris` from 80 % to 10 %.");
  expect(details.join(" ")).toContain("now says `␣the` (50 %) instead of `␣Paris`");
});

it("does not call everything an MLP", () => {
  const { headline } = verdict(result([zero({ site: "z", layer: 1, head: 2, position: 2 })]));
  expect(headline).toContain("head 2 of layer 1 at position 2 `␣Eiffel`");
});

it("claims nothing within the noise floor", () => {
  const { headline } = verdict(result([zero({ site: "attn_out", layer: 0 })], 1e-7, 1e-6));
  expect(headline).toContain("changed nothing that can be told from noise");
});

it("never speaks of necessity, and says what is not shown", () => {
  const said = verdict(result([zero({ site: "attn_out", layer: 0 })]));
  expect(JSON.stringify(said)).not.toMatch(/necessary|causes|responsible|proves/);
  expect(said.notShown.join(" ")).toMatch(/One prompt.*Zero is a value.*make up for/s);
});

it("does not call a run without an edit an intervention", () => {
  expect(verdict(result([], 0)).headline).toBe("Without an edit the model says `␣Paris` (80 %).");
});
