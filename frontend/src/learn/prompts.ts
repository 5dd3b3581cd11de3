// Two prompts for the tasks, chosen by what the loaded model says to them.
import { api, unwrap } from "../api/client";
import type { ModelInfo, Prompt, Result, RunRecord, Token, TokenScore } from "../api/types";
import type { Facts } from "../state/aside";

/** Pairs of one length in most tokenizers, whose answers differ for most who can answer them. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ["The Eiffel Tower is in", "The Colosseum is in"],
  ["The capital of France is", "The capital of Italy is"],
  [
    "Tom has a red ball. Lily has a blue hat. The hat is",
    "Tom has a blue ball. Lily has a red hat. The hat is",
  ],
  ["red blue green red blue", "red green blue red green"],
  ["one two one two one", "two one two one two"],
];
const SWAPS = 6;

/** What the model is asked while a pair is looked for. */
export interface Asked {
  tokens: (prompt: Prompt) => Promise<Token[]>;
  top: (prompt: Prompt) => Promise<TokenScore>;
}

/** The first pair of equal length with different answers; else the first prompt with one token changed. */
export async function choosePair(asked: Asked): Promise<Omit<Facts, "digest">> {
  for (const [a, b] of PAIRS) {
    const [here, there] = [await asked.tokens(a), await asked.tokens(b)];
    if (here.length !== there.length) continue;
    const [answerA, answerB] = [await asked.top(a), await asked.top(b)];
    if (answerA.id !== answerB.id) return { a, b, answerA, answerB };
  }
  const [a, other] = PAIRS[0]!;
  const [here, there] = [await asked.tokens(a), await asked.tokens(other)];
  const answerA = await asked.top(a);
  for (const { id } of there.filter((token) => !token.special).slice(0, SWAPS)) {
    const b = here.map((token) => token.id);
    b[b.length - 1] = id;
    const answerB = await asked.top(b);
    if (answerB.id !== answerA.id) return { a: here.map((token) => token.id), b, answerA, answerB };
  }
  return { a, b: null, answerA, answerB: null };
}

/** Asks the server: clean runs, which the history keeps like every run. */
export async function findFacts(info: ModelInfo): Promise<Facts> {
  const known = new Map<string, TokenScore>();
  const found = await choosePair({
    tokens: async (prompt) =>
      (await unwrap(api.POST("/api/tokenize", { body: { prompt } }))).tokens,
    top: async (prompt) => {
      const key = JSON.stringify(prompt);
      const top = known.get(key);
      if (top) return top;
      const body = { prompt, metrics: [{ kind: "kl" as const }] };
      const record = (await unwrap(api.POST("/api/experiments", { body }))) as RunRecord;
      const first = (record.result as Result).clean.top[0]!;
      known.set(key, first);
      return first;
    },
  });
  return { digest: info.model_digest, ...found };
}
