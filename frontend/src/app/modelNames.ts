// Whether a stored result is of the model that is loaded, and what both are called.

export interface Named {
  id: string;
  model_digest: string;
}

/** "atlas (1a2b3c4d)": two versions of one model differ in their digests alone. */
export function modelName({ id, model_digest }: Named): string {
  return `${id} (${model_digest.slice(0, 8)})`;
}

/** Both names where they are two models; null where they are one, or where none is loaded. */
export function otherModel(
  stored: Named | undefined,
  loaded: Named | null | undefined,
): { stored: string; loaded: string } | null {
  if (!stored || !loaded || stored.model_digest === loaded.model_digest) return null;
  return { stored: modelName(stored), loaded: modelName(loaded) };
}

/** Results in words by the model that they are of: "A and B" of one, or each of its own. */
export function byModel(results: readonly { what: string; model: Named }[]): {
  what: string;
  model: Named;
}[] {
  const found = new Map<string, { what: string; model: Named }>();
  for (const { what, model } of results) {
    const before = found.get(model.model_digest);
    const all = before ? `${before.what} and ${what}` : what;
    found.set(model.model_digest, { what: all, model });
  }
  return [...found.values()];
}
