// Which axes a choice of sites allows, and an `over` that stays within them.
import type { Over, Site } from "../api/types";
import { type AxisName, SITES } from "../lib/words";

export type AxisField = "layers" | "heads" | "positions" | "neurons" | "keys";
export type AxisValue = "all" | number[] | null;

export const AXES: {
  field: AxisField;
  axis: AxisName;
  label: string;
}[] = [
  { field: "layers", axis: "layer", label: "Layers" },
  { field: "heads", axis: "head", label: "Heads" },
  { field: "positions", axis: "position", label: "Positions" },
  { field: "neurons", axis: "neuron", label: "Neurons" },
  { field: "keys", axis: "key", label: "Read from" },
];

/** The axes that every chosen site has. */
export function allowedAxes(sites: readonly Site[]): AxisField[] {
  return AXES.filter(({ axis }) => sites.every((site) => SITES[site].axes.includes(axis))).map(
    ({ field }) => field,
  );
}

export function withSites(over: Over, sites: Site[]): Over {
  const allowed = allowedAxes(sites);
  const kept: Over = { sites };
  for (const field of allowed) {
    const value = over[field];
    if (value !== null && value !== undefined) kept[field] = value;
  }
  return kept;
}

export function withAxis(over: Over, field: AxisField, value: AxisValue): Over {
  const { [field]: _, ...rest } = over;
  return value === null ? rest : { ...rest, [field]: value };
}
