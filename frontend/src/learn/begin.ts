// Puts the question of a task into the workbench.
import { queryClient } from "../api/queries";
import type { ModelInfo, Prompt } from "../api/types";
import { tokenRef } from "../question/tokenRef";
import { type Facts, type Lesson, useAside } from "../state/aside";
import { type Draft, useDraft } from "../state/draft";
import { cannot } from "./possible";
import { findFacts } from "./prompts";

async function question(lesson: Lesson, facts: Facts): Promise<Draft> {
  const { example } = useDraft.getState();
  const plain: Draft = { ...example, edits: [], metrics: [{ kind: "kl" }], answer: "", foil: "" };
  if (lesson === "predict") return { ...plain, prompt: facts.a };
  const answer = await tokenRef(facts.answerA);
  const foil = facts.answerB ? await tokenRef(facts.answerB) : "";
  const asked: Draft = {
    ...plain,
    answer,
    foil,
    metrics: [{ kind: "kl" }, { kind: "prob", token: answer }],
  };
  // The task has chosen them for its prompt: a run does not let them follow.
  const about = (prompt: Prompt) => ({ ...asked, prompt, answerFor: prompt, foilFor: null });
  if (lesson === "break" || facts.b === null) return about(facts.a);
  return { ...about(facts.b), op: { kind: "patch", source_prompt: facts.a } };
}

/**
 * Finds out about the loaded model where that is not known yet, and begins a task.
 * Returns why it cannot be done on this model; null where it has begun.
 */
export async function begin(lesson: Lesson, step: number, info: ModelInfo): Promise<string | null> {
  const { facts: known, set } = useAside.getState();
  const without = cannot(lesson, info, null);
  if (without) return without;
  const facts = known?.digest === info.model_digest ? known : await findFacts(info);
  if (facts !== known) queryClient.invalidateQueries({ queryKey: ["history"] });
  const why = cannot(lesson, info, facts);
  if (why) {
    set({ facts });
    return why;
  }
  useDraft.getState().load(await question(lesson, facts));
  const fresh = lesson === "predict" && step === 0 ? { guess: "" } : {};
  set({ facts, lesson, step, found: null, word: null, ...fresh });
  return null;
}
