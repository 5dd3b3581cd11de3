// Two prompts for the tasks, chosen by what the loaded model says to them.
import { api, unwrap } from "../api/client";
import { runFor } from "../api/jobs";
import { keys, queryClient } from "../api/queries";
import type { ModelInfo, Prompt, Result, Token, TokenScore } from "../api/types";
import type { Facts } from "../state/aside";
import { isRead, PAIRS } from "../state/example";

/** The tag of runs that a task made for itself. */
export const TAG = "learn";
/** How many changed prompts are tried, before and at the last position. */
const TRIES = { before: 10, last: 3 };
const WORDS = 5;
const SAMPLE = 64;

/** What the model is asked while a pair is looked for. */
export interface Asked {
  tokens: (prompt: Prompt) => Promise<readonly Token[]>;
  top: (prompt: Prompt) => Promise<TokenScore>;
}

const ids = (tokens: readonly Token[]) => tokens.map((token) => token.id);
const equal = (a: readonly number[], b: readonly number[]) => a.join() === b.join();

/** Ordinary tokens from all over the vocabulary, whole words first. */
async function ordinary(asked: Asked, vocab: number): Promise<Token[]> {
  const n = Math.min(SAMPLE, vocab);
  const some = Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * vocab) / n));
  const found = (await asked.tokens(some)).filter(
    ({ special, text }) => !special && text.trim() !== "" && !/^<unused|\uFFFD/.test(text),
  );
  const isWord = ({ text }: Token) => /^\s?[\p{L}\p{N}]{2,}$/u.test(text);
  return [...found.filter(isWord), ...found.filter((token) => !isWord(token))];
}

/** The tokens as a text, where the tokenizer reads exactly them in it; else as their ids. */
async function spell(asked: Asked, tokens: readonly Token[]): Promise<Prompt> {
  const own = tokens.filter((token) => !token.special).map((token) => token.text);
  for (const text of [own.join(""), own.map((each) => each.trim()).join(" ")])
    if (text && equal(ids(await asked.tokens(text)), ids(tokens))) return text;
  return ids(tokens);
}

/** A sentence that the model can read; else some tokens of its vocabulary, in no sensible order. */
async function beginning(asked: Asked, words: readonly Token[]) {
  for (const [text] of PAIRS) {
    const tokens = await asked.tokens(text);
    if (isRead(text, tokens)) return { a: text as Prompt, tokens, made: false };
  }
  const step = Math.max(1, Math.floor(words.length / WORDS));
  const chosen = words.filter((_, index) => index % step === 0).slice(0, WORDS);
  const read = await asked.tokens(chosen.map(({ text }) => text.trim()).join(" "));
  const own = read.filter((token) => !token.special);
  const tokens = equal(ids(own), ids(chosen)) ? read : chosen;
  return { a: await spell(asked, tokens), tokens, made: true };
}

/** Where a token is changed, in this order: from the middle outwards, and the last at the end. */
function places(tokens: readonly Token[]): number[] {
  const last = tokens.length - 1;
  const inner = tokens.flatMap((token, at) => (token.special || at === last ? [] : [at]));
  const middle = last / 2;
  inner.sort((x, y) => Math.abs(x - middle) - Math.abs(y - middle));
  const turns = Array.from({ length: inner.length ? TRIES.before : 0 }, (_, i) => {
    return inner[i % inner.length]!;
  });
  return [...turns, ...Array<number>(TRIES.last).fill(last)];
}

/** The first pair of sentences with different answers; else one prompt with one token changed. */
export async function choosePair(asked: Asked, vocab: number): Promise<Omit<Facts, "digest">> {
  for (const [a, b] of PAIRS) {
    const [here, there] = [await asked.tokens(a), await asked.tokens(b)];
    if (here.length !== there.length || !isRead(a, here) || !isRead(b, there)) continue;
    const [answerA, answerB] = [await asked.top(a), await asked.top(b)];
    if (answerA.id === answerB.id) continue;
    const lastDiffers = here.at(-1)!.id !== there.at(-1)!.id;
    return { a, b, answerA, answerB, made: false, changed: null, lastDiffers };
  }
  const words = await ordinary(asked, vocab);
  const { a, tokens, made } = await beginning(asked, words);
  const answerA = await asked.top(a);
  for (const [turn, changed] of places(tokens).entries()) {
    const other = words[(turn * 7 + 3) % Math.max(1, words.length)];
    if (!other || other.id === tokens[changed]?.id) continue;
    const b = await spell(asked, tokens.with(changed, other));
    const answerB = await asked.top(b);
    if (answerB.id === answerA.id) continue;
    const lastDiffers = changed === tokens.length - 1;
    return { a, b, answerA, answerB, made, changed, lastDiffers };
  }
  return { a, b: null, answerA, answerB: null, made, changed: null, lastDiffers: false };
}

/** A clean run's first choice. A run that was not stored before is tagged as this page's own. */
async function firstChoice(prompt: Prompt): Promise<TokenScore> {
  const body = { prompt, metrics: [{ kind: "kl" as const }] };
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.jobs });
  const { record, made } = await runFor(body, { why: "learn" }, refresh);
  if (made) {
    const path = { key: record.id };
    await unwrap(api.PATCH("/api/experiments/{key}", { params: { path }, body: { tags: [TAG] } }));
  }
  return (record.result as Result).clean.top[0]!;
}

/** Asks the server: what is stored is read, and the history keeps the rest under a tag. */
export async function findFacts(info: ModelInfo): Promise<Facts> {
  const known = new Map<string, TokenScore>();
  const found = await choosePair(
    {
      tokens: async (prompt) =>
        (await unwrap(api.POST("/api/tokenize", { body: { prompt } }))).tokens,
      top: async (prompt) => {
        const key = JSON.stringify(prompt);
        const top = known.get(key) ?? (await firstChoice(prompt));
        known.set(key, top);
        return top;
      },
    },
    info.vocab,
  );
  return { digest: info.model_digest, ...found };
}
