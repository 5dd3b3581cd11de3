import { expect, it } from "vitest";
import type { Prompt, Token } from "../api/types";
import { type Asked, choosePair, PAIRS } from "./prompts";

/** A model of words, which answers by a rule. */
function asked(
  answer: (prompt: Prompt) => number,
  pieces = (text: string) => text.split(" "),
): Asked {
  const ids = new Map<string, number>();
  const id = (word: string) => ids.get(word) ?? ids.set(word, ids.size).get(word)!;
  return {
    tokens: async (prompt) =>
      typeof prompt === "string"
        ? pieces(prompt).map(
            (text, index): Token => ({ index, id: id(text), text, special: false }),
          )
        : [],
    top: async (prompt) => ({ id: answer(prompt), token: "x", prob: 0.5, logit: 1 }),
  };
}

it("takes the first pair of equal length to which the model gives different answers", async () => {
  const unequal = asked(
    (prompt) => (String(prompt).includes("Italy") ? 2 : 1),
    (text) => (text.includes("Colosseum") ? text.split("") : text.split(" ")),
  );
  expect(await choosePair(unequal)).toMatchObject({
    a: "The capital of France is",
    b: "The capital of Italy is",
    answerA: { id: 1 },
    answerB: { id: 2 },
  });
});

it("changes one token where the model gives all pairs the same answers", async () => {
  const found = await choosePair(
    asked((prompt) => (Array.isArray(prompt) && prompt[4] === 5 ? 2 : 1)),
  );
  expect(found.b).toHaveLength((found.a as number[]).length);
  expect(found.answerB?.id).toBe(2);
});

it("says so where nothing changes the answer", async () => {
  expect(await choosePair(asked(() => 7))).toMatchObject({
    a: PAIRS[0]![0],
    b: null,
    answerB: null,
  });
});
