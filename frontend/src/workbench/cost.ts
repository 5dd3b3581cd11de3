// What a run would take, and what there is to say where it would be refused.
import type { ApiError } from "../api/problem";
import type { RunPlan } from "../api/types";
import { count } from "../lib/format";

const FORWARDS: [keyof RunPlan["forwards"], string][] = [
  ["clean", "clean"],
  ["unchanged", "noise floor"],
  ["edited", "edited"],
  ["path", "along a path"],
  ["plain", "without the held edits"],
  ["source", "on other prompts"],
];

/** "clean, noise floor, edited, 2 on other prompts". */
export function forwardsOf({ forwards, draws }: RunPlan): string {
  const parts = FORWARDS.filter(([key]) => forwards[key] > 0).map(([key, words]) =>
    forwards[key] === 1 ? words : `${forwards[key]} ${words}`,
  );
  return parts.join(", ") + (draws > 1 ? ` in ${count(draws, "draw")}` : "");
}

/** Fields that say themselves what is wrong with what they hold, while it is typed. */
const SAY_SO = /\/(prompt|source_prompt|positions|token|answer|foil|sha256)(\/|$)/;
/** What the view says as a whole. */
const ELSEWHERE = ["no-model", "model-loading", "unauthorized"];

/** Why a run would be refused, where nothing else on the page says so. */
export function refusalOf(error: ApiError): string | null {
  const { pointer = "", hint } = error.problem;
  if (error.gone || ELSEWHERE.includes(error.code) || SAY_SO.test(pointer)) return null;
  return [error.message, hint].filter(Boolean).join(" ");
}
