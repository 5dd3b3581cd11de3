// Whether source prompts are as long as they have to be.
import type { Edit } from "../api/types";
import { count } from "../lib/format";
import { componentName } from "../lib/names";

/** What to say of the first edit whose source prompt does not fit; null where all do. */
export function lengthFault(
  edits: readonly Edit[],
  here: number | undefined,
  there: readonly (number | undefined)[],
): string | null {
  for (const [index, { op, target }] of edits.entries()) {
    const length = there[index];
    if (here === undefined || length === undefined || here === length) continue;
    const says = `The prompt has ${count(here, "token")} and the source prompt of ${componentName(target)} has ${length}`;
    if (op.kind === "path") return `${says}. A path needs equal counts.`;
    if (op.kind === "patch" && !op.positions?.length) {
      return `${says}. Pair their tokens, or give prompts of equal length.`;
    }
  }
  return null;
}
