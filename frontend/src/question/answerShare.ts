// What an answer's probability is, as far as a list of first tokens tells.
import type { TokenScore } from "../api/types";

/** Below this an answer is none. */
export const LOW = 0.01;

export interface Share {
  prob: number;
  /** The answer is not listed: it has no more than the last that is. */
  atMost: boolean;
  low: boolean;
}

export function answerShare(answer: string | number, top: readonly TokenScore[]): Share | null {
  const listed = top.find(({ id, token }) => (typeof answer === "number" ? id : token) === answer);
  const prob = (listed ?? top.at(-1))?.prob;
  if (typeof prob !== "number") return null;
  return { prob, atMost: !listed, low: prob < LOW && listed !== top[0] };
}
