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

it.each<[Edit["op"], string]>([
  [{ kind: "scale", factor: 2 }, "Multiplying the attention of layer 0 by 2 moved"],
  [{ kind: "set", value: -1 }, "Setting the attention of layer 0 to −1 moved"],
  [{ kind: "noise", sigma: 3, seed: 0 }, "Adding noise of 3 σ to the attention of layer 0 moved"],
  [
    { kind: "resample", reference: { prompts: ["a", "b"] }, seed: 0 },
    "Resampling the attention of layer 0 from 2 prompts moved",
  ],
  [
    { kind: "path", source_prompt: "y", to: [{ site: "q", layer: 2, head: 1 }] },
    "Patching the path from the attention of layer 0 to the queries of head 1 of layer 2 as in “y” moved",
  ],
  [
    { kind: "add", direction: { kind: "embed", token: " Rome" } },
    "Adding 1× the embedding of `␣Rome` to the attention of layer 0 moved",
  ],
])("says what the edit did: $kind", (op, says) => {
  const { headline } = verdict(result([{ target: { site: "attn_out", layer: 0 }, op }]));
  expect(headline.startsWith(says)).toBe(true);
});

it("names what a pattern reads, and that it is left as it is", () => {
  const target = { site: "pattern", layer: 1, head: 2, position: 2, key: 0 } as const;
  const { headline, notShown } = verdict(result([zero(target)]));
  expect(headline).toContain(
    "the attention pattern of head 2 of layer 1 at position 2 `␣Eiffel` reading position 0 `<s>`",
  );
  expect(notShown.join(" ")).toContain("not made to sum to 1");
});

it("says that numbers are means over draws, and what was held", () => {
  const drawn = result([zero({ site: "attn_out", layer: 0 })]);
  const spec = { ...drawn.spec, held: [zero({ site: "mlp_out", layer: 1 })] };
  const { details } = verdict({ ...drawn, spec, draws: 8 } as Result);
  expect(details.join(" ")).toMatch(/means over 8 draws.*1 held edit applied in both runs/);
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

it("speaks of what moved where the token asked about has no part in it", () => {
  const asked = result([zero({ site: "attn_out", layer: 0 })]);
  const prob = { ...asked.metrics["prob:7"], tokens: [99], clean: 0.0001, edited: 0.0002 };
  const { headline } = verdict({ ...asked, metrics: { "prob:99": prob } } as unknown as Result);
  expect(headline).toContain("moved `␣Paris` from 80 % to 10 %");
});
