import { expect, it } from "vitest";
import type { ModelInfo } from "../api/types";
import { EXAMPLE } from "../state/draft";
import { EMBEDDED } from "../state/example";
import { firstQuestion, presetsFor, WHERE_LABEL } from "./presets";

const model = (...sites: string[]) =>
  ({ sites: sites.map((site) => ({ site, certified: true })) }) as unknown as ModelInfo;
const INFO = model("attn_out", "mlp_out", "resid_pre");
const first = (fields = {}, info = INFO, example = EMBEDDED) =>
  firstQuestion({ ...example.draft, ...fields }, info, example);

it("begins the example with its first card", () => {
  expect(first()?.over).toEqual({ sites: ["resid_pre"], layers: "all", positions: "all" });
  expect(first()?.metrics?.map(({ kind }) => kind)).toContain("recovered");
  expect(presetsFor(INFO, EMBEDDED)[0]!.label).toBe(WHERE_LABEL);
});

it("leaves alone what somebody has asked", () => {
  expect(first({ prompt: "My dog likes to eat" })).toBeNull();
  expect(first({ op: { kind: "mean", reference: { prompts: ["x"] } } })).toBeNull();
  expect(first({ metrics: [{ kind: "js" }] })).not.toHaveProperty("metrics");
});

it("asks no other model what it cannot be asked, nor for an answer that is not its own", () => {
  expect(first({}, model("attn_out"))).toBeNull();
  const draft = { ...EXAMPLE, prompt: "w1", metrics: [{ kind: "kl" as const }], answer: "" };
  expect(first({}, INFO, { draft, source: "", references: [] })).toBeNull();
  const other = first({}, INFO, { draft, source: "w2", references: [] });
  expect(other?.op).toEqual({ kind: "patch", source_prompt: "w2" });
  expect(other?.metrics).toEqual([{ kind: "kl" }]);
});
