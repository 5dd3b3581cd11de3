import { asApiError, type Problem } from "../api/problem";

/** Fields that say what is refused of them: parts of one edit, metrics, the prompt. */
const FIELDS = /^\/((edits|held)\/\d+\/(op|target)|metrics|prompt)(\/|$)/;

/** Whether a field of the workbench says why this was refused. */
export function hasField(error: unknown): boolean {
  return FIELDS.test(asApiError(error).problem.pointer ?? "");
}

/** The edit that a refusal points to. */
export function editAt(error: unknown): { group: "edits" | "held"; index: number } | null {
  const found = /^\/(edits|held)\/(\d+)/.exec(asApiError(error).problem.pointer ?? "");
  return found ? { group: found[1] as "edits" | "held", index: Number(found[2]) } : null;
}

/** Brings what is refused into view, once it is drawn. */
export function lookAtFault(): void {
  requestAnimationFrame(() =>
    document.querySelector("[data-fault]")?.scrollIntoView({ block: "nearest" }),
  );
}

/** What to do, in the words of the page where the server's are those of a spec. */
const HINTS: [RegExp, string][] = [
  [/\/positions$/, "Pair their tokens below, or give prompts of equal length."],
  [/^\/metrics$/, "Choose Patch with one source prompt, or measure something else."],
];

/** A refusal as the page says it. */
export function inWords({ detail, hint, pointer = "" }: Problem): string {
  const advice = hint && (HINTS.find(([at]) => at.test(pointer))?.[1] ?? hint);
  const said = [detail, advice].filter(Boolean).join(" ").replaceAll("`", "");
  return said.replace(/^./, (first) => first.toUpperCase());
}

/** What a problem says of the field at a JSON pointer, or of what lies below it; else null. */
export function faultAt(problem: Problem | null, pointer: string, exact: boolean): string | null {
  const found = problem?.pointer;
  if (!problem || found === undefined) return null;
  if (found !== pointer && (exact || !found.startsWith(`${pointer}/`))) return null;
  return inWords(problem);
}
