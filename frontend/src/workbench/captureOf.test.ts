import { expect, it } from "vitest";
import { EXAMPLE } from "../state/draft";
import { captureOf } from "./captureOf";

const zero = { kind: "zero" as const };
const mlp = { target: { site: "mlp_out" as const, layer: 1 }, op: zero };
const attention = { target: { site: "attn_out" as const, layer: 0 }, op: zero };

it("asks for each edited part once, of the model as it is", () => {
  const draft = { ...EXAMPLE, edits: [mlp, { ...mlp, op: { kind: "set" as const, value: 1 } }] };
  expect(captureOf(draft, false)).toEqual({ prompt: EXAMPLE.prompt, targets: [mlp.target] });
});

it("applies the edits where asked, and held ones always", () => {
  const draft = { ...EXAMPLE, edits: [mlp], held: [attention], ordered: true };
  expect(captureOf(draft, false).edits).toEqual([attention]);
  expect(captureOf(draft, true)).toMatchObject({ edits: [attention, mlp], ordered: true });
});
