// A prompt beside the source prompts that are to lend it something.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { tokensOf, useModel, useTokens } from "../api/queries";
import type { Edit, Prompt, Token } from "../api/types";
import { useDebounced } from "../lib/hooks";
import { sourceOf } from "../state/sources";
import { type Alignment, align } from "./align";
import { lengthFault } from "./lengths";

const DEBOUNCE_MS = 150;
const NONE: readonly Token[] = [];

export interface SourceTokens extends Alignment {
  here: readonly Token[];
  there: readonly Token[];
  /** Whether both are known. */
  known: boolean;
  equal: boolean;
}

/** The tokens of a prompt and of a source prompt, aligned. Null: there is no source. */
export function useSource(prompt: Prompt, source: Prompt | null): SourceTokens {
  const here = useTokens(useDebounced(prompt, DEBOUNCE_MS)).data?.tokens ?? NONE;
  const found = useTokens(useDebounced(source, DEBOUNCE_MS)).data?.tokens ?? NONE;
  const there = source === null || source === "" ? NONE : found;
  const known = here.length > 0 && there.length > 0;
  const aligned = useMemo(
    () => align(known ? here.map(({ id }) => id) : [], known ? there.map(({ id }) => id) : []),
    [known, here, there],
  );
  return { here, there, known, equal: here.length === there.length, ...aligned };
}

/** Why edits cannot patch: token counts that differ, with both counts; else null. */
export function useLengthFault(prompt: Prompt, edits: readonly Edit[]): string | null {
  const digest = useModel().data?.info?.tokenizer_digest;
  const asked = useDebounced(prompt, DEBOUNCE_MS);
  const sources = edits.map((edit) => sourceOf(edit.op));
  const settled = useDebounced(JSON.stringify(sources), DEBOUNCE_MS);
  const list: (Prompt | null)[] = JSON.parse(settled);
  const answers = useQueries({
    queries: [asked, ...list].map((each) => tokensOf(digest, each)),
  }).map((each) => each.data?.n_tokens);
  if (asked !== prompt || list.length !== edits.length) return null;
  return lengthFault(edits, answers[0], answers.slice(1));
}
