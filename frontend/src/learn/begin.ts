// Puts the question of a task into the workbench.
import type { ModelInfo } from "../api/types";
import { reference } from "../question/follow";
import { type Facts, type Lesson, useAside } from "../state/aside";
import { type Draft, EXAMPLE, useDraft } from "../state/draft";
import { findFacts } from "./prompts";

async function question(lesson: Lesson, facts: Facts): Promise<Draft> {
  const plain: Draft = { ...EXAMPLE, edits: [], metrics: [{ kind: "kl" }], answer: "", foil: "" };
  if (lesson === "predict") return { ...plain, prompt: facts.a };
  const answer = await reference(facts.answerA);
  const foil = facts.answerB ? await reference(facts.answerB) : "";
  const asked: Draft = {
    ...plain,
    answer,
    foil,
    metrics: [{ kind: "kl" }, { kind: "prob", token: answer }],
  };
  if (lesson === "break" || facts.b === null) return { ...asked, prompt: facts.a };
  return { ...asked, prompt: facts.b, op: { kind: "patch", source_prompt: facts.a } };
}

/** Finds out about the loaded model where that is not known yet, and begins a task. */
export async function begin(lesson: Lesson, step: number, info: ModelInfo): Promise<void> {
  const { facts: known, set } = useAside.getState();
  const facts = known?.digest === info.model_digest ? known : await findFacts(info);
  const draft = await question(lesson, facts);
  useDraft.getState().load(draft);
  const fresh = lesson === "predict" && step === 0 ? { guess: "" } : {};
  set({ facts, lesson, step, found: null, word: null, ...fresh });
}
