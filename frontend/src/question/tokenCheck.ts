// Whether a text is one token, and what to say when it is not.
import type { Token } from "../api/types";
import { visible } from "../lib/format";

export type TokenCheck =
  | { state: "ok" }
  | { state: "several"; says: string }
  | { state: "space"; says: string; better: string };

/** The tokens of a text itself: some tokenizers put a space of their own before every text. */
export function ownTokens(tokens: readonly Token[]): readonly Token[] {
  const own = tokens.filter((token) => !token.special);
  return own[0]?.text === " " && own.length > 1 ? own.slice(1) : own;
}

/** Whether a tokenizer without a word for the text has put another in its place, or nothing. */
function isUnknown(text: string, own: readonly Token[]): boolean {
  return own.length === 0 || (own.length === 1 && own[0]!.text.trim() !== text.trim());
}

function isOne(text: string, tokens: readonly Token[]): boolean {
  const own = ownTokens(tokens);
  return own.length === 1 && !isUnknown(text, own);
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
  const own = ownTokens(tokens);
  const pieces = own.map((token) => visible(token.text)).join(" | ");
  const says = isUnknown(text, own)
    ? `This model has no token for “${visible(text)}”.`
    : `“${visible(text)}” is ${own.length} tokens: ${pieces}.`;
  return canSpace
    ? { state: "space", better, says: `${says} A leading space is missing.` }
    : { state: "several", says };
}
