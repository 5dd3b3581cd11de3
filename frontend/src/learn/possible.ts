// Which tasks the loaded model can do, and in plain words why not.
import type { ModelInfo } from "../api/types";
import type { Facts, Lesson } from "../state/aside";
import { isCertified } from "../state/example";

const NO_PART = "No part of this model passed its check, so there is none to change.";
const NO_PAIR =
  "No two prompts were found to which this model gives different answers, so nothing can be carried over.";
const NO_STREAM =
  "The stream between layers did not pass its check on this model, and this sweep goes along it.";
const ONE_LAYER = "This model has a single layer: there is no way through layers to look at.";
const AT_THE_END =
  "The two prompts found for this model differ in their last token, where the answer is read: nothing has to move.";

/** Why a task cannot be done on a model; null where it can, as far as is known. */
export function cannot(lesson: Lesson, info: ModelInfo, facts: Facts | null): string | null {
  if (lesson === "predict") return null;
  if (!info.sites.some((site) => site.certified)) return NO_PART;
  if (lesson === "break") return null;
  if (facts?.b === null) return NO_PAIR;
  if (lesson === "restore") return null;
  if (!isCertified(info, "resid_pre")) return NO_STREAM;
  if (info.n_layers < 2) return ONE_LAYER;
  return facts?.lastDiffers ? AT_THE_END : null;
}

const MADE =
  "This model’s tokens do not spell our sentences, so the prompt is made of tokens from its vocabulary, in no sensible order. ";
const NO_KNOWLEDGE = "What you will see is how the model computes, not that it knows something.";

/** What to know before a task: its prompts are not those of a fact that the model knows. */
export function caveat(facts: Facts, lesson: Lesson | null = null): string | null {
  const made = facts.made ? MADE : "";
  const pair = lesson !== "predict" && lesson !== "break" && facts.changed !== null;
  const second = `${made ? "The" : "None of our pairs of sentences gave two answers here, so the"} second prompt is the first with one token changed. `;
  const says = made + (pair ? second : "");
  return says ? says + NO_KNOWLEDGE : null;
}

/** Below this the first choice is one among many. */
const UNSURE = 0.2;

export function unsure({ prob }: Facts["answerA"]): boolean {
  return prob === null || prob === undefined || prob < UNSURE;
}
