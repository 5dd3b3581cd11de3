// Specs from elsewhere (an address, a stored result) without their empty fields.
import type { Edit, Metric, Over, Target } from "../api/types";

function withoutNulls<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== null && each !== undefined),
  ) as T;
}

export function asTarget(target: Target): Target {
  return withoutNulls(target);
}

export function asEdits(edits: Edit[] | undefined): Edit[] {
  if (!Array.isArray(edits)) return [];
  return edits
    .filter((edit) => edit?.target?.site && edit.op?.kind)
    .map((edit) => ({ target: asTarget(edit.target), op: withoutNulls(edit.op) }));
}

export function asMetrics(metrics: Metric[] | undefined): Metric[] | null {
  if (!Array.isArray(metrics)) return null;
  const kept = metrics.filter((metric) => metric?.kind);
  return kept.length ? kept : null;
}

export function asOver(over: Over): Over {
  return withoutNulls(over);
}
