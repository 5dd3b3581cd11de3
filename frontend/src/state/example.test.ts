import { beforeEach, expect, it } from "vitest";
import type { ModelInfo, Token } from "../api/types";
import { presetsFor } from "../explorer/presets";
import { newOp } from "../question/newOp";
import { EXAMPLE, useDraft } from "./draft";
import { EMBEDDED, type Example, exampleFor, isRead, offer, useExample } from "./example";

const SITES = ["attn_out", "mlp_out", "resid_pre", "z", "mlp_act"];
const model = (id: string, sites = SITES) =>
  ({
    id,
    n_layers: 2,
    n_heads: 4,
    sites: sites.map((site) => ({ site, certified: true, layers: [0, 1] })),
  }) as unknown as ModelInfo;
const token = (text: string, index: number, special = false): Token => ({
  index,
  id: index,
  text,
  special,
});
const words = async (prompt: unknown) =>
  String(prompt)
    .split(" ")
    .map((text, i) => token(text, i));
const unknown = async (prompt: unknown) =>
  String(prompt)
    .split(" ")
    .map((_, i) => token("<unk>", i, true));

beforeEach(() => {
  useExample.setState(EMBEDDED);
  const fresh = { draft: EXAMPLE, example: EXAMPLE, grown: true };
  useDraft.setState({ ...fresh, past: [], future: [], selected: 0, group: "edits" });
});

it("is the Eiffel Tower for the embedded model alone", async () => {
  expect(await exampleFor(model("atlas"), words)).toBe(EMBEDDED);
});

it("keeps a prompt that another model reads, and leaves its answer open", async () => {
  const { draft, source } = await exampleFor(model("other"), words);
  // The first pair has as many words in both: here one word is one token.
  expect([draft.prompt, source]).toEqual(["The capital of France is", "The capital of Italy is"]);
  expect([draft.answer, draft.foil]).toEqual(["", ""]);
  expect(JSON.stringify(draft)).not.toContain("Paris");
  expect(draft.edits[0]!.target).toEqual({ site: "attn_out", layer: 1 });
});

it("offers no prompt, source or reference that a model cannot read", async () => {
  const found = await exampleFor(model("other", ["resid_pre"]), unknown);
  expect([found.draft.prompt, found.source, found.references]).toEqual(["", "", []]);
  expect(found.draft.edits[0]!.target).toEqual({ site: "resid_pre", layer: 1 });
  for (const kind of ["patch", "path", "mean", "resample"] as const)
    expect(JSON.stringify(newOp(kind, "", found.draft.prompt, found))).not.toMatch(
      /Colosseum|Louvre|Eiffel/,
    );
});

it("presets name no answer that was not chosen, nor parts that are refused", async () => {
  const info = model("other", ["mlp_out", "resid_pre"]);
  const example: Example = await exampleFor(info, unknown);
  const presets = presetsFor(info, example);
  expect(presets.map(({ id }) => id)).toEqual(["where", "layers"]);
  expect(presets[1]!.says).toMatch(/^set MLP to zero, one layer/);
  for (const preset of presets) {
    const next = JSON.stringify(preset.apply(example.draft));
    expect(next).not.toMatch(/Paris|Rome|Colosseum|attn_out/);
    expect(preset.apply(example.draft).metrics).toEqual([{ kind: "kl" }]);
  }
});

it("replaces a draft that nobody has touched, and no other", async () => {
  const other = await exampleFor(model("other"), words);
  offer(other);
  expect(useDraft.getState().draft).toEqual(other.draft);
  useDraft.getState().load({ ...EXAMPLE, prompt: "of a link" });
  offer(await exampleFor(model("third"), unknown));
  expect(useDraft.getState().draft).toEqual({ ...EXAMPLE, prompt: "of a link" });
});

it("keeps what was written while another model came, without the old one's answer", async () => {
  useDraft.getState().change({ prompt: "mine", metrics: [{ kind: "js" }, ...EXAMPLE.metrics] });
  const other = await exampleFor(model("other"), words);
  offer(other);
  const { draft } = useDraft.getState();
  expect(draft.metrics).toEqual([{ kind: "js" }, { kind: "kl" }]);
  expect(draft).toEqual({ ...other.draft, prompt: "mine", metrics: draft.metrics });
});

it("knows a text that was read from one that was replaced", () => {
  expect(isRead("The hat is", [token("<s>", 0, true), token("The", 1), token(" hat is", 2)])).toBe(
    true,
  );
  expect(isRead("embeddings", [token("embed", 0), token("##dings", 1)])).toBe(true);
  expect(isRead("The hat is", [token("The", 0), token("<unk>", 1), token("is", 2)])).toBe(false);
  expect(isRead("The hat is", [])).toBe(false);
});
