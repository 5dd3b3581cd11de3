import { expect, it } from "vitest";
import { EXAMPLE, fromSpec, toRun, toSweep } from "./draft";
import { decodeSpec, encodeSpec, same, withParams } from "./url";

it("carries any text through an address", () => {
  const spec = { prompt: "“Ωmega” 🗼\n\tis in ", edits: [] };
  const text = encodeSpec(spec);
  expect(text).toMatch(/^[\w-]+$/);
  expect(decodeSpec(text)).toEqual(spec);
});

it("gives null for a damaged address", () => {
  expect(decodeSpec("%%%")).toBeNull();
  expect(decodeSpec("AAAA")).toBeNull();
});

it("brings a draft back as it was", () => {
  for (const toSpec of [toRun, toSweep]) {
    const spec = decodeSpec(encodeSpec(toSpec(EXAMPLE))) as never;
    expect(toSpec(fromSpec(spec, EXAMPLE))).toEqual(toSpec(EXAMPLE));
  }
});

it("takes a stored spec, whose empty fields are null, for the draft that made it", () => {
  const stored = {
    ...toRun(EXAMPLE),
    model: null,
    edits: [
      {
        target: { site: "attn_out", layer: 3, head: null, neuron: null, position: null },
        op: { kind: "zero" },
      },
    ],
  };
  expect(same(toRun(fromSpec(stored as never, EXAMPLE)), toRun(EXAMPLE))).toBe(true);
});

it("sets and removes parameters", () => {
  expect(withParams("?a=1&b=2", { a: null, c: "x y" })).toBe("?b=2&c=x+y");
  expect(withParams("?a=1", { a: "" })).toBe("");
});
