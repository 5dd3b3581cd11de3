// Which tokens of two prompts belong together: equal tokens in order, as many as there can be.
import { commonEnds, type Pair } from "../lib/indices";

/** Above so many combinations only the equal ends are looked for. */
const MOST = 4_000_000;

export interface Alignment {
  /** Pairs (here, there) in order; where the counts agree, position by position. */
  pairs: Pair[];
  /** Positions whose token is another on the other side, or has no partner there. */
  differHere: ReadonlySet<number>;
  differThere: ReadonlySet<number>;
}

/** Aligns two lists of token ids. */
export function align(here: readonly number[], there: readonly number[]): Alignment {
  const pairs: Pair[] =
    here.length === there.length ? here.map((_, i): Pair => [i, i]) : matched(here, there);
  const equal = pairs.filter(([i, j]) => here[i] === there[j]);
  const [left, right] = [new Set(equal.map(([i]) => i)), new Set(equal.map(([, j]) => j))];
  return {
    pairs,
    differHere: new Set(here.map((_, i) => i).filter((i) => !left.has(i))),
    differThere: new Set(there.map((_, j) => j).filter((j) => !right.has(j))),
  };
}

/** Equal tokens, and what stands between two of them where it is as long on either side. */
function matched(here: readonly number[], there: readonly number[]): Pair[] {
  const equal = commonTokens(here, there);
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  for (const [a, b] of [...equal, [here.length, there.length] as Pair]) {
    if (a - i === b - j) for (; i < a; i++, j++) pairs.push([i, j]);
    if (a < here.length) pairs.push([a, b]);
    [i, j] = [a + 1, b + 1];
  }
  return pairs;
}

/** A longest common subsequence, as pairs of positions. */
function commonTokens(here: readonly number[], there: readonly number[]): Pair[] {
  const [n, m] = [here.length, there.length];
  if (n * m > MOST) return commonEnds(here, there);
  const width = m + 1;
  const length = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      length[i * width + j] =
        here[i] === there[j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
    }
  }
  const pairs: Pair[] = [];
  for (let [i, j] = [0, 0]; i < n && j < m; ) {
    if (here[i] === there[j]) pairs.push([i++, j++]);
    else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** A map with one pair more: a position takes from one place only. */
export function withPair(pairs: readonly Pair[], here: number, there: number): Pair[] {
  return [...pairs.filter(([i]) => i !== here), [here, there] as Pair].sort(([a], [b]) => a - b);
}

export function withoutPair(pairs: readonly Pair[], here: number): Pair[] {
  return pairs.filter(([i]) => i !== here);
}
