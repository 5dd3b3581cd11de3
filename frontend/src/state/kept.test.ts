import { expect, it } from "vitest";
import { EXAMPLE, toRun, toSweep } from "./draft";
import { read, written } from "./kept";

it("gives back a draft with all its parts", () => {
  const draft = {
    ...EXAMPLE,
    prompt: "“Ω”\n",
    held: EXAMPLE.edits,
    ordered: true,
    foil: 7,
    over: { sites: ["z" as const], layers: "all" as const, heads: [1, 2] },
  };
  const back = read(written(draft))!;
  expect(toRun(back)).toEqual(toRun(draft));
  expect(toSweep(back)).toEqual(toSweep(draft));
  expect([back.answer, back.foil]).toEqual([" Paris", 7]);
});

it("begins anew where what was kept is damaged", () => {
  expect(read("{")).toBeNull();
  expect(read("{}")).toBeNull();
  expect(read("null")).toBeNull();
  expect(read(null)).toBeNull();
});
