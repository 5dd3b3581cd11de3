// Which parts of two results can be set against each other, and why others cannot.
import type {
  CellStatus,
  GridData,
  MetricInfo,
  MetricKind,
  Result,
  TokenScore,
} from "../api/types";
import { type Shown, shownMetric } from "../explorer/gridView";
import { showIndices } from "../lib/indices";
import { metricTitle } from "../lib/names";
import { SITES } from "../lib/words";

export interface MetricPair {
  a: string;
  b: string;
  title: string;
}

export type Pairing<T> = { ok: true; pairs: T[]; notes: string[] } | { ok: false; why: string[] };

type Named = Record<string, Pick<MetricInfo, "kind" | "unit" | "tokens" | "label">>;

/** Metrics of the same key; else the only ones of a kind, which then ask after other tokens. */
export function metricPairs(a: Named, b: Named, sameTokens: boolean): MetricPair[] {
  const only = (all: Named, kind: string) => {
    const keys = Object.keys(all).filter((key) => all[key]!.kind === kind);
    return keys.length === 1 ? keys[0]! : null;
  };
  return Object.keys(a).flatMap((key) => {
    const metric = a[key]!;
    const alike = key in b && (sameTokens || !metric.tokens?.length) ? key : null;
    const other = alike ?? (only(a, metric.kind) === key ? only(b, metric.kind) : null);
    if (other === null || b[other]!.unit !== metric.unit) return [];
    const [left, right] = [metricTitle(metric), metricTitle(b[other]!)];
    return [{ a: key, b: other, title: left === right ? left : `${left} / ${right}` }];
  });
}

function values(dim: string, coords: readonly (string | number)[]): string {
  if (dim === "site")
    return coords.map((site) => SITES[site as keyof typeof SITES].label).join(", ");
  return showIndices(coords.map(Number));
}

/** Whether two grids have the same axes; what would mislead is refused with the reason. */
export function pairGrids(a: GridData, b: GridData): Pairing<MetricPair> {
  const axes = (grid: GridData) => grid.dims.join(" × ") || "no axis";
  if (axes(a) !== axes(b)) {
    return { ok: false, why: [`A has the axes ${axes(a)}; B has ${axes(b)}.`] };
  }
  const why: string[] = [];
  const notes: string[] = [];
  for (const dim of a.dims) {
    const [left, right] = [a.coords[dim] ?? [], b.coords[dim] ?? []];
    if (left.length === right.length && left.every((each, i) => each === right[i])) continue;
    const says = `${dim}: A has ${values(dim, left)}, B has ${values(dim, right)}.`;
    if (left.length === 1 && right.length === 1) notes.push(`Not the same ${says}`);
    else why.push(`On the axis ${says}`);
  }
  if (why.length) return { ok: false, why };
  const pairs = metricPairs(a.metrics, b.metrics, sameTokenizer(a, b));
  if (!pairs.length) return { ok: false, why: ["They share no metric."] };
  return { ok: true, pairs, notes: [...notes, ...gridNotes(a, b)] };
}

function sameTokenizer(a: Result | GridData, b: Result | GridData): boolean {
  return a.model.tokenizer_digest === b.model.tokenizer_digest;
}

function gridNotes(a: GridData, b: GridData): string[] {
  const notes = modelNotes(a, b);
  const other = a.tokens.some((token, i) => token.text !== b.tokens[i]?.text);
  if (other && a.dims.some((dim) => dim === "position" || dim === "key"))
    notes.push("Positions are matched by their number; the tokens there are not the same.");
  if (!a.complete || !b.complete)
    notes.push("Cells that are missing in one are left out of B − A.");
  return notes;
}

function modelNotes(a: Result | GridData, b: Result | GridData): string[] {
  return a.model.model_digest === b.model.model_digest
    ? []
    : ["These are two models: the same number of a layer or head is not the same part."];
}

export interface Trio {
  a: Shown;
  b: Shown;
  difference: Shown;
}

/** What a difference of two results cannot be told from; null where one floor is not known. */
function bothFloors(a: number | null | undefined, b: number | null | undefined): number | null {
  return typeof a === "number" && typeof b === "number" ? a + b : null;
}

/** Both grids of a metric as the explorer shows them, and B − A cell by cell. */
export function trio(a: GridData, b: GridData, pair: MetricPair): Trio {
  const [left, right] = [shownMetric(a, pair.a), shownMetric(b, pair.b)];
  const status = left.status.map((each, i): CellStatus => {
    const other = right.status[i] ?? "pending";
    return each === "ok" ? other : each;
  });
  const floor = bothFloors(left.floor, right.floor);
  return {
    a: left,
    b: right,
    difference: {
      ...left,
      name: pair.title,
      isChange: true,
      signed: true,
      values: left.values.map((value, i) => {
        const other = right.values[i];
        return value === null || other === null || other === undefined ? null : other - value;
      }),
      status,
      floor,
      spread: [],
      positive: ({ up, down }) => `${up}: larger in B; ${down}: larger in A`,
    },
  };
}

export interface RunLine {
  kind: MetricKind;
  title: string;
  unit: string;
  a: number | null;
  b: number | null;
  difference: number | null;
  /** Both noise floors together; null where one is not known. */
  floor: number | null;
  /** Larger than that. */
  told: boolean;
}

/** The change of each metric in both runs. */
export function pairRuns(a: Result, b: Result): Pairing<RunLine> {
  const pairs = metricPairs(a.metrics, b.metrics, sameTokenizer(a, b));
  if (!pairs.length) return { ok: false, why: ["They share no metric."] };
  return {
    ok: true,
    notes: modelNotes(a, b),
    pairs: pairs.map((pair) => {
      const [left, right] = [a.metrics[pair.a]!, b.metrics[pair.b]!];
      const change = ({ status, change }: typeof left) =>
        status && status !== "ok" ? null : change;
      const [x, y] = [change(left), change(right)];
      const difference = x === null || y === null ? null : y - x;
      const floor = bothFloors(left.floor, right.floor);
      return {
        kind: left.kind as MetricKind,
        title: pair.title,
        unit: left.unit,
        a: x,
        b: y,
        difference,
        floor,
        told: difference !== null && floor !== null && Math.abs(difference) > floor,
      };
    }),
  };
}

export interface TokenLine {
  id: number;
  token: string;
  a: number | null;
  b: number | null;
}

/** The top tokens of both edited runs; null where one is not among the top of its run. */
export function pairTokens(a: Result, b: Result): Pairing<TokenLine> {
  if (!sameTokenizer(a, b)) {
    const why = "The models cut text into tokens differently, so their tokens cannot be matched.";
    return { ok: false, why: [why] };
  }
  const prob = (list: readonly TokenScore[], id: number) =>
    list.find((score) => score.id === id)?.prob ?? null;
  const all = new Map([...a.edited.top, ...b.edited.top].map(({ id, token }) => [id, token]));
  const pairs = [...all].map(([id, token]) => ({
    id,
    token,
    a: prob(a.edited.top, id),
    b: prob(b.edited.top, id),
  }));
  const size = ({ a: x, b: y }: TokenLine) => Math.max(x ?? 0, y ?? 0);
  return { ok: true, notes: [], pairs: pairs.sort((x, y) => size(y) - size(x)) };
}
