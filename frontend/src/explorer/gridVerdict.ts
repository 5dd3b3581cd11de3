// The sentence over a grid: only what its numbers say, with what they do not show beside it.
import type { GridData, Site } from "../api/types";
import { longDims } from "../charts/heatLayout";
import { count } from "../lib/format";
import { tokenName } from "../lib/names";
import { code, leftOpen } from "../workbench/actions";
import { carriers, type Found, found, share } from "./carriers";
import { type Shown, showValue } from "./gridView";
import { placeWords } from "./gridWords";

export interface GridVerdict {
  headline: string;
  details: string[];
  notShown: string[];
}

const NAMED = 4;
const STREAM: readonly Site[] = ["resid_pre", "resid_mid", "resid_post"];

/** Whether its cells are patches of one part of the stream, at layers and positions. */
export function isStreamPatch(grid: GridData): boolean {
  const sites = grid.coords.site ?? [];
  return (
    grid.spec.op.kind === "patch" &&
    sites.length === 1 &&
    STREAM.includes(sites[0] as Site) &&
    ["layer", "position"].every((dim) => longDims(grid).includes(dim))
  );
}

function listed(parts: readonly string[]): string {
  return parts.length < 2
    ? (parts[0] ?? "")
    : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function gridVerdict(grid: GridData, shown: Shown, running: boolean): GridVerdict {
  const all = found(grid, shown);
  const stream = isStreamPatch(grid);
  const said = sentence(grid, shown, all, stream);
  const done = grid.top.length - all.pending;
  const soFar = `So far (${done.toLocaleString("en")} of ${count(grid.top.length, "cell")}): `;
  return {
    headline: running ? soFar + said.headline : upper(said.headline),
    details: [...said.details, ...holes(all, running)],
    notShown: notShown(grid, shown, stream),
  };
}

/** Cells that the sentence could not take into account. */
function holes({ pending, without }: Found, running: boolean): string[] {
  const lines: string[] = [];
  if (pending > 0 && !running)
    lines.push(
      `${count(pending, "cell has", "cells have")} not run: other places may be among them.`,
    );
  if (without > 0)
    lines.push(
      `${count(without, "cell has", "cells have")} no value here and could not be counted.`,
    );
  return lines;
}

type Said = Pick<GridVerdict, "headline" | "details">;

function sentence(grid: GridData, shown: Shown, all: Found, stream: boolean): Said {
  const plain = (headline: string): Said => ({ headline, details: [] });
  const failed = (grid.controls ?? []).some((control) => control.passed === false);
  if (failed) return plain("a check of this grid failed, so its numbers cannot be trusted.");
  if (all.strongest.length === 0)
    return plain(
      all.without > 0
        ? `no cell has a value for ${shown.name}: choose another metric.`
        : "no cell has run yet.",
    );
  const above = all.strongest.filter(({ effect }) => Math.abs(effect) > (shown.floor ?? 0));
  if (above.length === 0)
    return plain(
      shown.floor === null
        ? `no cell changes ${shown.name}.`
        : `nothing here moves ${shown.name} above the noise floor.`,
    );
  if (all.full !== null && Math.abs(all.full) <= (shown.floor ?? 0))
    return plain(
      `patching everything does not move ${shown.name} above the noise floor, so there is no share to tell.`,
    );
  return stream
    ? columns(grid, shown, { ...all, strongest: above })
    : strongest(grid, shown, all, above);
}

/** Of stream patches: at which positions, entering which layers, at least half is carried. */
function columns(grid: GridData, shown: Shown, all: Found): Said {
  const [first] = all.strongest;
  const whole = all.full ?? first!.effect;
  const { places, more, moves, cells, against } = carriers(grid, all, whole, NAMED);
  const what = all.full === null ? "the largest effect here" : "what patching every place does";
  const value = showValue(shown, whole);
  const details: string[] = [];
  if (against > 0)
    details.push(`${count(against, "cell moves", "cells move")} it as far the other way.`);
  if (places.length === 0)
    return {
      headline: `no single place carries half of the difference; the strongest, ${placeWords(grid, first!.index)}, does ${share(first!.effect / whole)} of it.`,
      details: [`The whole is ${what} (${shown.name}: ${value}).`, ...details],
    };
  const begins =
    all.full === null
      ? "at least half of the largest effect is reached"
      : `the difference${between(grid, shown)} sits`;
  const headline =
    `${begins} ${listed(places)}` +
    (more > 0 ? `, and at ${count(more, "other position")}` : "") +
    (moves && all.pending + all.without === 0 ? `; ${moves}` : "") +
    ".";
  return {
    headline,
    details: [
      `There, one patch alone does at least half of ${what} (${shown.name}: ${value}).`,
      ...says(grid, cells),
      ...details,
    ],
  };
}

/** What the model says at these cells: the source's answer, or something else. */
function says(grid: GridData, cells: readonly number[]): string[] {
  const counted = new Map<string, number>();
  for (const index of cells) {
    const top = grid.top[index];
    if (top) counted.set(top.token, (counted.get(top.token) ?? 0) + 1);
  }
  const most = [...counted].sort((a, b) => b[1] - a[1]);
  if (most.length === 0) return [];
  if (most.length === 1 && counted.size === 1)
    return [
      `The model says ${code(most[0]![0])} at ${cells.length === 1 ? "that cell" : `all ${cells.length} of these cells`}.`,
    ];
  const parts = most.slice(0, NAMED).map(([token, n]) => `${code(token)} in ${n}`);
  return [`Of these ${cells.length} cells, the model says ${listed(parts)}.`];
}

/** " between ␣Paris and ␣Rome", where the metric compares two tokens. */
function between(grid: GridData, shown: Shown): string {
  const kind = grid.metrics[shown.key]?.kind;
  const [asked, ...others] = (grid.spec.metrics ?? []).filter((metric) => metric.kind === kind);
  const of = asked?.kind === "recovered" ? asked.of : asked;
  if (others.length > 0 || of?.kind !== "logit_diff") return "";
  return ` between ${code(tokenName(of.answer))} and ${code(tokenName(of.foil))}`;
}

/** Of all other grids: the few strongest cells, ties named as ties. */
function strongest(grid: GridData, shown: Shown, all: Found, above: Found["strongest"]): Said {
  const [first] = above;
  const text = (effect: number) => showValue(shown, effect);
  // The strongest come first: what is written otherwise ends those that can be tied.
  const size = ({ effect }: { effect: number }) => text(Math.abs(effect));
  const end = above.findIndex((cell) => size(cell) !== size(first!));
  const tied = above
    .slice(0, end < 0 ? above.length : end)
    .filter(({ effect }) => text(effect) === text(first!.effect));
  const name = ({ index }: { index: number }) => placeWords(grid, index);
  const measured = shown.isChange ? `change of ${shown.name}` : shown.name;
  const headline =
    tied.length === 1
      ? `${name(first!)} has the largest effect: ${text(first!.effect)} (${measured}).`
      : tied.length <= NAMED
        ? `${listed(tied.map(name))} have the same, largest effect: ${text(first!.effect)} (${measured}).`
        : `${count(tied.length, "cell")} have the same, largest effect: ${text(first!.effect)} (${measured}).`;
  const whole = all.full;
  const of = (effect: number) =>
    whole === null
      ? text(effect)
      : `${text(effect)}, ${share(effect / whole)} of patching every place`;
  const next = above.slice(tied.length, tied.length + 3);
  const half = above.filter(({ effect }) => Math.abs(effect) >= Math.abs(first!.effect) / 2);
  const draws = grid.draws ?? 1;
  return {
    headline,
    details: [
      ...(whole === null
        ? []
        : [`That is ${share(first!.effect / whole)} of patching every place (${text(whole)}).`]),
      ...(next.length > 0
        ? [`Next: ${next.map((cell) => `${name(cell)} (${of(cell.effect)})`).join(", ")}.`]
        : []),
      `${half.length.toLocaleString("en")} of ${count(all.strongest.length, "cell")} ${half.length === 1 ? "has" : "have"} at least half of the largest effect${shown.floor === null ? "" : `; ${above.length.toLocaleString("en")} ${above.length === 1 ? "is" : "are"} above the noise floor`}.`,
      ...(draws > 1 ? [`These are means over ${draws} draws.`] : []),
    ],
  };
}

function notShown(grid: GridData, shown: Shown, stream: boolean): string[] {
  const { op } = grid.spec;
  const kind = op.kind ?? "zero";
  const arrival = kind === "patch" || kind === "path";
  const metric = grid.metrics[shown.key]?.kind;
  return [
    "One prompt: whether it holds for others has to be tried on others.",
    ...(arrival ? damage(metric, shown) : []),
    leftOpen(kind),
    ...(stream
      ? [
          "Where the difference is carried is not yet what computes it: attention and MLP can be patched too.",
          "At the position that is read, the last layers carry everything by construction: what tells is where that begins.",
        ]
      : []),
    "Each cell is one edit alone; together they may do more or less than their sum.",
    "Later layers can make up for what was changed, so a small effect does not prove that a part is unused.",
  ];
}

/** How far a metric tells the source's answer from anything that breaks this one. */
function damage(metric: string | undefined, { name }: Shown): string[] {
  switch (metric) {
    case "kl":
    case "js":
      return [`${name} counts every change alike, also damage.`];
    case "recovered":
    case "logit_diff":
      return [`${name} compares two tokens: a third may be on top.`];
    default:
      return [`A change of ${name} alone does not tell the source’s answer from damage.`];
  }
}
