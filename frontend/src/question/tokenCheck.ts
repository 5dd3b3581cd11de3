// Whether a text is one token, and what to say when it is not.
import type { Token } from "../api/types";
import { visible } from "../lib/format";

export type TokenCheck =
  | { state: "ok" }
  | { state: "several"; says: string }
  | { state: "space"; says: string; better: string };

function isOne(text: string, tokens: readonly Token[]): boolean {
  const own = tokens.filter((token) => !token.special);
  // Some tokenizers put a space of their own before every text.
  const bare = own[0]?.text === " " && own.length > 1 ? own.slice(1) : own;
  return own.length === 1 || (bare.length === 1 && bare[0]!.text === text);
}

/** `spaced` holds the tokens of the text with a space before it. */
export function checkToken(
  text: string,
  tokens: readonly Token[],
  spaced: readonly Token[] | undefined,
): TokenCheck {
  const better = ` ${text}`;
  const canSpace = /^\w/.test(text) && spaced !== undefined && isOne(better, spaced);
  if (isOne(text, tokens)) {
    return canSpace
      ? {
          state: "space",
          better,
          says: `“${text}” begins inside a word: after a word the model says “${visible(better)}”.`,
        }
      : { state: "ok" };
  }
  const own = tokens.filter((token) => !token.special).map((token) => visible(token.text));
  const says = `“${visible(text)}” is ${own.length} tokens: ${own.join(" | ")}.`;
  return canSpace
    ? { state: "space", better, says: `${says} A leading space is missing.` }
    : { state: "several", says };
}
