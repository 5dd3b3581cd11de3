// Letters typed one after the other are one step of undo.

/** A pause this long ends a step. */
export const TYPING_MS = 1000;

/** Where two values differ, if they do so in texts alone; "" if they differ in anything else. */
export function textChange(before: unknown, after: unknown): string {
  const paths: string[] = [];
  return differ(before, after, "", paths) ? paths.join(" ") : "";
}

function differ(a: unknown, b: unknown, path: string, found: string[]): boolean {
  if (a === b) return true;
  if (typeof a === "string" && typeof b === "string") return found.push(path) > 0;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  if (keys.length !== others.length) return false;
  return keys.every(
    (key) =>
      key in b &&
      differ(
        (a as Record<string, unknown>)[key],
        (b as Record<string, unknown>)[key],
        `${path}/${key}`,
        found,
      ),
  );
}
