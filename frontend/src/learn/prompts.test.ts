import { expect, it } from "vitest";
import type { Prompt, Token } from "../api/types";
import { PAIRS } from "../state/example";
import { type Asked, choosePair } from "./prompts";

const VOCAB = 200;

/** A model of words: `known` ones, and w0 … w199 by number; others become a special token. */
function asked(
  answer: (ids: readonly number[]) => number,
  known: (word: string) => boolean = () => true,
  pieces = (text: string) => text.split(" "),
): Asked & { asked: Prompt[] } {
  const names = new Map<string, number>();
  const numbered = (word: string) => Number(/^w(\d+)$/.exec(word)?.[1] ?? -1);
  const id = (word: string) => {
    if (numbered(word) >= 0) return numbered(word);
    if (!known(word)) return 0;
    return names.get(word) ?? names.set(word, VOCAB + names.size).get(word)!;
  };
  const token = (number: number, index: number): Token => ({
    index,
    id: number,
    text: [...names].find(([, each]) => each === number)?.[0] ?? (number ? `w${number}` : "<unk>"),
    special: number === 0,
  });
  const ids = (prompt: Prompt) =>
    typeof prompt === "string" ? pieces(prompt).map(id) : [...prompt];
  const list: Prompt[] = [];
  return {
    asked: list,
    tokens: async (prompt) => ids(prompt).map(token),
    top: async (prompt) => {
      list.push(prompt);
      return { id: answer(ids(prompt)), token: "x", prob: 0.5, logit: 1 };
    },
  };
}

it("takes the first pair of equal length to which the model gives different answers", async () => {
  const unequal = asked(
    (ids) => ids[3]!,
    () => true,
    (text) => (text.includes("Colosseum") ? text.split("") : text.split(" ")),
  );
  expect(await choosePair(unequal, VOCAB)).toMatchObject({
    a: "The capital of France is",
    b: "The capital of Italy is",
    made: false,
    changed: null,
    lastDiffers: false,
  });
});

it("changes one token before the last where the model gives all pairs the same answers", async () => {
  const model = asked((ids) => (ids.some((id) => id < VOCAB) ? 2 : 1));
  const found = await choosePair(model, VOCAB);
  expect(found).toMatchObject({ a: PAIRS[0]![0], made: false, lastDiffers: false });
  expect(found.changed).toBeLessThan(4);
  const [a, b] = [await model.tokens(found.a), await model.tokens(found.b!)];
  expect(b).toHaveLength(a.length);
  expect(a.filter(({ id }, at) => id !== b[at]!.id)).toHaveLength(1);
});

it("says that the pair differs in the last token where nothing before it matters", async () => {
  const found = await choosePair(
    asked((ids) => (ids.at(-1)! < VOCAB ? 2 : 1)),
    VOCAB,
  );
  expect(found).toMatchObject({ changed: 4, lastDiffers: true });
});

it("makes a prompt of the vocabulary where no sentence can be read", async () => {
  const model = asked(
    (ids) => ids[2]! % 7,
    () => false,
  );
  const found = await choosePair(model, VOCAB);
  expect(found.made).toBe(true);
  expect(found.a).toMatch(/^w\d+( w\d+){4}$/);
  expect(found.b).toMatch(/^w\d+( w\d+){4}$/);
  expect(model.asked.some((prompt) => String(prompt).includes("Eiffel"))).toBe(false);
});

it("says so where nothing changes the answer", async () => {
  const found = await choosePair(
    asked(() => 7),
    VOCAB,
  );
  expect(found).toMatchObject({ a: PAIRS[0]![0], b: null, answerB: null });
});
