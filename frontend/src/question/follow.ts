// The answer and foil that follow from what the model itself says to the prompt.
import { useMutation } from "@tanstack/react-query";
import type { Then } from "../api/awaited";
import { isLeftOver, RunCancelled, runFor, unask } from "../api/jobs";
import { keys, queryClient } from "../api/queries";
import type { Metric, Op, Prompt, Result, TokenScore } from "../api/types";
import { type Draft, useDraft } from "../state/draft";
import { useMessages } from "../state/messages";
import { firstAnswer, firstFoil, replaceToken } from "../state/metrics";
import { sourceIn } from "../state/sources";
import { same } from "../state/url";
import { tokenRef } from "./tokenRef";

/** As many as are suggested. A run of one's own asks for another number, so none is taken for this. */
const TOP = 7;

/** What the model says to a prompt: a run without an edit, which the history does not keep. */
async function ask(prompt: Prompt, readPosition: number, then?: Then): Promise<TokenScore[]> {
  const metrics: Metric[] = [{ kind: "kl" }];
  const body = { prompt, metrics, read_position: readPosition, top_k: TOP };
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.jobs });
  const { record, made } = await runFor(body, { why: "ask", then }, refresh).finally(refresh);
  if (made || isLeftOver(record.id)) await unask(record.id);
  return (record.result as Result).clean.top;
}

function unlessCancelled<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof RunCancelled) throw error;
    return instead;
  };
}

export type Stale = "answer" | "foil";

/** What was chosen for another prompt: the answer, or the foil for another source prompt. */
export function staleIn(draft: Draft, ops: readonly Op[]): Stale | null {
  const { answerBy, answerFor, foilFor, metrics, prompt } = draft;
  if (answerBy === "pin" || prompt === "") return null;
  if (!same(answerFor, prompt)) return "answer";
  const source = sourceIn(ops);
  if (!source || foilFor === null || firstFoil(metrics) === null) return null;
  return same(foilFor, source) ? null : "foil";
}

/** The draft's metrics with another answer and foil. */
export function withAnswers(
  draft: Draft,
  answer: string | number,
  foil: string | number,
  source: Prompt | null = null,
): Partial<Draft> {
  // Through marks of their own: the old foil may be the new answer.
  const [one, two] = ["\0answer", "\0foil"];
  const marked = replaceToken(replaceToken(draft.metrics, draft.answer, one), draft.foil, two);
  const metrics = replaceToken(replaceToken(marked, one, answer), two, foil);
  const foilFor = source ?? draft.foilFor;
  return { answer, foil, metrics, answerFor: draft.prompt, foilFor, answerBy: "model" };
}

/** The tokens to follow: the first, and the source prompt's first, or else the second. */
export function chosenFrom(
  top: readonly TokenScore[],
  there: readonly TokenScore[],
): [TokenScore, TokenScore] | null {
  const [answer, second] = top;
  const foil = there[0] && there[0].id !== answer?.id ? there[0] : second;
  return answer && foil ? [answer, foil] : null;
}

/** What is asked of the model where a draft's answers are to follow it. */
async function followed(draft: Draft, ops: readonly Op[], then?: Then): Promise<TokenScore[]> {
  const top = await ask(draft.prompt, draft.readPosition, then);
  const source = sourceIn(ops);
  const asks = source !== null && !same(source, draft.prompt);
  const there = asks ? await ask(source, -1, then).catch(unlessCancelled([])) : [];
  const chosen = chosenFrom(top, there);
  if (chosen) {
    // An answer that was chosen by hand for this prompt stays: its foil alone follows the source.
    const stays = draft.answerBy === "hand" && staleIn(draft, ops) === "foil";
    const answer = stays ? draft.answer : await tokenRef(chosen[0]);
    const foil = await tokenRef(chosen[1]);
    const now = useDraft.getState();
    // The prompt may have been typed on meanwhile: then this is of the past.
    if (same(now.draft.prompt, draft.prompt)) {
      const found = withAnswers(now.draft, answer, foil, source);
      now.settle(stays ? { ...found, answerBy: "hand" } : found);
    }
  }
  return top;
}

interface Wanted {
  draft: Draft;
  ops: readonly Op[];
}

/** Asks the model what it says, and lets answer and foil follow. */
export function useFollow() {
  return useMutation({
    mutationFn: ({ draft, ops }: Wanted) => followed(draft, ops),
    onError: (error) => {
      if (!(error instanceof RunCancelled)) useMessages.getState().report(error);
    },
  });
}

/**
 * Before a run or sweep: lets answers that were chosen for another prompt follow, where a metric
 * needs them. Throws `RunCancelled` when that is cancelled: then nothing is to follow.
 */
export async function upToDate(then: Then, opsOf: (draft: Draft) => readonly Op[]): Promise<Draft> {
  const { draft } = useDraft.getState();
  const ops = opsOf(draft);
  if (staleIn(draft, ops) && firstAnswer(draft.metrics) !== null)
    // What is refused here is refused, and said, as the run that follows.
    await followed(draft, ops, then).catch(unlessCancelled(undefined));
  return useDraft.getState().draft;
}
