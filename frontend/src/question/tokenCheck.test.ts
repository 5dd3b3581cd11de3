import { expect, it } from "vitest";
import { checkToken } from "./tokenCheck";

const tokens = (...texts: string[]) => [
  { index: 0, id: 1, text: "<s>", special: true },
  ...texts.map((text, i) => ({ index: i + 1, id: i + 10, text, special: false })),
];

it("accepts one token", () => {
  expect(checkToken(" Paris", tokens(" Paris"), undefined)).toEqual({ state: "ok" });
});

it("offers the leading space that is missing", () => {
  const check = checkToken("Paris", tokens("Par", "is"), tokens(" Paris"));
  expect(check).toMatchObject({ state: "space", better: " Paris" });
});

it("names the tokens of a text that is several", () => {
  const check = checkToken(" Parisian", tokens(" Paris", "ian"), undefined);
  expect(check).toMatchObject({ state: "several", says: expect.stringContaining("␣Paris | ian") });
});

it("is not misled by a tokenizer's own leading space", () => {
  expect(checkToken(" a", tokens(" ", " a"), undefined)).toEqual({ state: "ok" });
});

it("says of a text that the tokenizer does not know that there is no token for it", () => {
  const says = "This model has no token for “␣Paris”.";
  expect(checkToken(" Paris", tokens(), undefined)).toEqual({ state: "several", says });
  expect(checkToken(" Paris", tokens("<unk>"), undefined)).toEqual({ state: "several", says });
});
