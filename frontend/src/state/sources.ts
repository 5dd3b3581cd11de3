// The prompts that operations take values from.
import type { Op, Prompt, RunSpec } from "../api/types";

/** The source prompt of an operation that takes values from one. */
export function sourceOf(op: Op | undefined): Prompt | null {
  return op?.kind === "patch" || op?.kind === "path" ? op.source_prompt : null;
}

/** The first source prompt among some operations. */
export function sourceIn(ops: readonly (Op | undefined)[]): Prompt | null {
  return ops.map(sourceOf).find((each) => each !== null) ?? null;
}

/** The operations of a run's edits. */
export function opsOf({ edits }: Partial<RunSpec>): Op[] {
  return (edits ?? []).map(({ op }) => op);
}
