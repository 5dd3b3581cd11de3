import { useTokens } from "../api/queries";
import type { Prompt, Token } from "../api/types";
import { useDebounced } from "../lib/hooks";

const DEBOUNCE_MS = 150;

export interface SourceTokens {
  here: readonly Token[];
  there: readonly Token[];
  /** Whether both are known. */
  known: boolean;
  equal: boolean;
  /** Positions of the source whose token differs; none where the counts do. */
  differs: ReadonlySet<number>;
}

/** The tokens of a prompt and of the source prompt that is to lend it something. */
export function useSource(prompt: Prompt, source: Prompt): SourceTokens {
  const here = useTokens(useDebounced(prompt, DEBOUNCE_MS)).data?.tokens ?? [];
  const there = useTokens(useDebounced(source, DEBOUNCE_MS)).data?.tokens ?? [];
  const equal = here.length === there.length;
  const apart = equal ? there.filter((token, i) => token.id !== here[i]?.id) : [];
  return {
    here,
    there,
    known: here.length > 0 && there.length > 0,
    equal,
    differs: new Set(apart.map((token) => token.index)),
  };
}
