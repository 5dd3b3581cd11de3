// What the runs beside a sweep found, in words. Every sentence is determined by their numbers.
import type { GridData } from "../api/types";
import { changeInUnit, inUnit, number } from "../lib/format";
import { cellName, type Shown, showSpread, showValue } from "./gridView";

type Control = NonNullable<GridData["controls"]>[number];

export interface ControlLine {
  name: string;
  word: "self_patch" | "full_patch" | "random_direction";
  /** `told`: a number to compare with, which nothing can pass or fail. */
  state: "passed" | "failed" | "told" | "not run";
  says: string;
}

const NAMES: Record<Control["kind"], string> = {
  self_patch: "Self-patch",
  full_patch: "Full patch",
  random_direction: "Random directions",
};

/** The controls of a grid, read for the metric that is shown. */
export function controlLines(grid: GridData, shown: Shown): ControlLine[] {
  return (grid.controls ?? []).map((control) => {
    const name = NAMES[control.kind];
    const word = control.kind;
    if (control.reason) return { name, word, state: "not run", says: `not run: ${control.reason}` };
    if (control.passed === false)
      return { name, word, state: "failed", says: failure(control, shown) };
    if (control.passed) return { name, word, state: "passed", says: success(control, shown) };
    return { name, word, state: "told", says: comparison(control, grid, shown) };
  });
}

/** The checks in plain words, without their figures; only those that ran and passed. */
export function checkWords(grid: GridData): string[] {
  const passed = (kind: Control["kind"]) =>
    (grid.controls ?? []).some((control) => control.kind === kind && control.passed === true);
  const off = grid.deviation;
  return [
    ...(passed("self_patch") ? ["Putting a value back in its own place: no change."] : []),
    ...(passed("full_patch") ? ["Swapping everything: the source’s answer."] : []),
    ...(typeof off === "number"
      ? [
          off === 0
            ? "Spot check against one forward per cell: the same."
            : `Spot check against one forward per cell: the same within ${number(off)} in any logit.`,
        ]
      : []),
  ];
}

function success(control: Control, shown: Shown): string {
  if (control.kind === "self_patch") return "no change, as it must be";
  const found = foundValue(control, shown);
  return `gives the source’s answer${found === null ? "" : `: ${shown.name} ${found}`}`;
}

function failure(control: Control, shown: Shown): string {
  const found = foundValue(control, shown) ?? "no number";
  if (control.kind === "self_patch") {
    return `putting every value back as it was moved the output (${shown.name}: ${found}). Do not trust this grid.`;
  }
  const expected = inUnit(control.metrics?.[shown.key]?.expected, shown.unit);
  return `does not give the source’s answer (${shown.name}: ${found}, not ${expected}). Do not trust this grid.`;
}

/** A control's number in the metric's own writing; null where it has none. */
function foundValue(control: Control, shown: Shown): string | null {
  const value = control.metrics?.[shown.key];
  if (typeof value?.found !== "number") return null;
  // A self-patch tells a change, other controls the metric itself.
  return control.kind === "self_patch"
    ? changeInUnit(value.found, shown.unit)
    : inUnit(value.found, shown.unit);
}

function comparison(control: Control, grid: GridData, shown: Shown): string {
  const cell = control.cells?.[0];
  const value = control.metrics?.[shown.key];
  const where = cell === undefined ? "" : ` at the greatest cell (${cellName(grid, cell)})`;
  const head = `${control.draws} of the same norm${where}`;
  if (typeof value?.found !== "number") return `${head}: no number`;
  const clean = shown.isChange ? (grid.metrics[shown.key]?.clean ?? 0) : 0;
  const mean = showValue(shown, value.found - clean);
  const spread =
    typeof value.spread === "number" ? ` ± ${showValue(shown, value.spread).replace("+", "")}` : "";
  if (cell === undefined) return `${head}: ${mean}${spread}`;
  const own = showValue(shown, shown.values[cell]) + showSpread(shown, cell);
  return `${head}: ${mean}${spread}; the cell: ${own}`;
}
