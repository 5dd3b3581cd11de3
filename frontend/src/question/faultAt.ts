import type { Problem } from "../api/problem";

/** What a problem says of the field at a JSON pointer, or of what lies below it; else null. */
export function faultAt(problem: Problem | null, pointer: string, exact: boolean): string | null {
  const found = problem?.pointer;
  if (found === undefined) return null;
  if (found !== pointer && (exact || !found.startsWith(`${pointer}/`))) return null;
  return [problem?.detail, problem?.hint].filter(Boolean).join(" ");
}
