// What a run would take, and what there is to say where it would be refused.
import type { ApiError } from "../api/problem";
import type { RunPlan } from "../api/types";
import { inWords } from "../question/faultAt";

/** What each forward is for: of one, and of several. */
const FORWARDS: [keyof RunPlan["forwards"], string, string][] = [
  ["clean", "clean", "clean"],
  ["unchanged", "noise floor", "noise floor"],
  ["edited", "edited", "edited"],
  ["path", "along the path", "along paths"],
  ["plain", "without held edits", "without held edits"],
  ["source", "on another prompt", "on other prompts"],
];

/** "clean, noise floor, edited, 2 on other prompts". */
export function forwardsOf({ forwards }: RunPlan): string {
  return FORWARDS.filter(([key]) => forwards[key] > 0)
    .map(([key, one, many]) => (forwards[key] === 1 ? one : `${forwards[key]} ${many}`))
    .join(", ");
}

/** Fields that say themselves what is wrong with what they hold, while it is typed. */
const SAY_SO = /\/(prompt|source_prompt|positions|token|answer|foil|sha256)(\/|$)/;
/** What the view says as a whole. */
const ELSEWHERE = ["no-model", "model-loading", "unauthorized"];

/** Why a run would be refused, where nothing else on the page says so. */
export function refusalOf(error: ApiError): string | null {
  const { pointer = "" } = error.problem;
  if (error.gone || ELSEWHERE.includes(error.code) || SAY_SO.test(pointer)) return null;
  return inWords(error.problem);
}
