// Indices as people write them: "0-3, 5, -1", and position maps: "0:0, 4:6".

type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

export function parseIndices(text: string): Parsed<number[]> {
  const found: number[] = [];
  for (const part of text.split(/[,\s]+/).filter(Boolean)) {
    const range = /^(-?\d+)(?:(?:-|–|\.\.)(\d+))?$/.exec(part);
    if (!range) return { ok: false, reason: `“${part}” is not an index or a range like 0-3` };
    const from = Number(range[1]);
    const to = range[2] === undefined ? from : Number(range[2]);
    if (to < from) return { ok: false, reason: `“${part}” runs backwards` };
    if (to - from > 100_000) return { ok: false, reason: `“${part}” is too long a range` };
    for (let index = from; index <= to; index++) if (!found.includes(index)) found.push(index);
  }
  return { ok: true, value: found };
}

export function showIndices(indices: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < indices.length; ) {
    let end = at;
    while (end + 1 < indices.length && indices[end + 1] === indices[end]! + 1) end++;
    const [from, to] = [indices[at]!, indices[end]!];
    if (end - at >= 2 && from >= 0) parts.push(`${from}-${to}`);
    else for (let i = at; i <= end; i++) parts.push(String(indices[i]));
    at = end + 1;
  }
  return parts.join(", ");
}

export type Pair = [number, number];

export function parsePairs(text: string): Parsed<Pair[]> {
  const pairs: Pair[] = [];
  for (const part of text.split(/[,\s]+/).filter(Boolean)) {
    const pair = /^(-?\d+)(?::|→|->)(-?\d+)$/.exec(part);
    if (!pair) return { ok: false, reason: `“${part}” is not a pair like 4:6` };
    pairs.push([Number(pair[1]), Number(pair[2])]);
  }
  return { ok: true, value: pairs };
}

export function showPairs(
  pairs: readonly (readonly [number, number] | readonly number[])[],
): string {
  return pairs.map(([here, there]) => `${here}:${there}`).join(", ");
}

/** Pairs of equal tokens counted from both ends: what two prompts of unequal length share. */
export function commonEnds(here: readonly number[], there: readonly number[]): Pair[] {
  const pairs: Pair[] = [];
  const shorter = Math.min(here.length, there.length);
  let start = 0;
  while (start < shorter && here[start] === there[start]) pairs.push([start, start++]);
  const tail: Pair[] = [];
  for (let back = 1; back <= shorter - start; back++) {
    const [i, j] = [here.length - back, there.length - back];
    if (here[i] !== there[j]) break;
    tail.unshift([i, j]);
  }
  return [...pairs, ...tail];
}

/** One index, a list, or all (null) as a list. */
export function asList(chosen: number | number[] | null | undefined): number[] | null {
  if (chosen === null || chosen === undefined) return null;
  return typeof chosen === "number" ? [chosen] : chosen;
}

/** The shortest way to write a selection: null, one number, or a list. */
export function asChosen(list: readonly number[] | null): number | number[] | null {
  if (list === null || list.length === 0) return null;
  return list.length === 1 ? list[0]! : [...list];
}
