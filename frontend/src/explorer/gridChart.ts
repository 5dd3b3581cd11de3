// The chart that a grid makes under a view: pure, so that the page and files draw the same.
import type { GridData, MetricKind } from "../api/types";
import { domainOf, ENDS, type Palette, table } from "../charts/colour";
import { type Axes, type HeatLayout, heatLayout, longDims, strongest } from "../charts/heatLayout";
import { type HeatPicture, roomAround } from "../charts/heatScene";
import type { LegendWord } from "../charts/LegendWords";
import type { LegendControl, LegendInput } from "../charts/legendScene";
import type { LollipopPicture } from "../charts/lollipop";
import { marginals } from "../charts/summaries";
import { count } from "../lib/format";
import type { Theme } from "../lib/theme";
import { METRICS } from "../lib/words";
import { cellText, coordinateLabel, type Shown, showValue, unitOf } from "./gridView";
import type { GridView } from "./useGridView";

const CELL = { minCell: 7, maxCellWidth: 104, maxCellHeight: 46, targetHeight: 440 };
const CHARACTER = 7;
const PLOT_HEIGHT = 260;
/** A line of more cells is drawn as one strip of a heatmap. */
const MOST_STEMS = 2000;

export interface Look {
  view: GridView;
  theme: Theme;
  width: number;
  running: boolean;
}

export interface GridChart {
  layout: HeatLayout;
  heat: HeatPicture | null;
  lollipop: LollipopPicture | null;
  legend: Omit<LegendInput, "width">;
  title: string;
  /** What one needs to read it. */
  notes: string[];
  /** How it is drawn: ends, noise floor, controls, margins. */
  more: string[];
  words: LegendWord[];
}

export function isLine(grid: GridData): boolean {
  return longDims(grid).length <= 1 && grid.top.length <= MOST_STEMS;
}

/** The layout depends on the grid's shape alone: cells that arrive do not move it. */
export function layOut(grid: GridData, width: number, axes: Axes | null, block: number | null) {
  const labels = (dim: string | null) =>
    (dim ? (grid.coords[dim] ?? []) : []).map((each) => coordinateLabel(grid, dim!, each).length);
  const line = isLine(grid);
  const size = line
    ? { ...CELL, maxCellWidth: 60, maxCellHeight: PLOT_HEIGHT, targetHeight: PLOT_HEIGHT }
    : CELL;
  const plain = { ...size, gap: 0, left: 0, top: 0, labelWidth: 0, axes, block };
  const probe = heatLayout(grid, { ...plain, width });
  const longest = Math.max(1, ...labels(probe.colDim));
  const room = roomAround(probe.rows.length > 1 && probe.cols.length > 1);
  const widest = line ? 8 : Math.min(16, Math.max(0, ...labels(probe.rowDim)));
  const options = {
    ...plain,
    width: width - room.right,
    left: 14 + widest * CHARACTER,
    labelWidth: longest * CHARACTER + 4,
  };
  const { slanted, panels } = heatLayout(grid, options);
  const above = slanted ? 22 + Math.min(14, longest) * 5 : 24;
  const titled = panels.length > 1;
  return heatLayout(grid, {
    ...options,
    top: above + (titled ? 22 : 0),
    gap: titled ? 40 + room.bottom : 0,
  });
}

export function gridChart(grid: GridData, shown: Shown, bare: HeatLayout, look: Look): GridChart {
  const { view, theme, running } = look;
  const layout = strongest(bare, shown.values);
  const palette = view.palette(shown.signed);
  const domain = domainOf(shown.values, shown.signed, view.clip);
  const labels = (dim: string | null, values: HeatLayout["rows"]) =>
    dim ? values.map((value) => coordinateLabel(grid, dim, value)) : [];
  const common = {
    layout,
    values: shown.values,
    status: shown.status,
    running,
    colLabels: labels(layout.colDim, layout.cols),
  };
  const clean = grid.clean.top[0];
  const metric = grid.metrics[shown.key]!.kind as MetricKind;
  const line = isLine(grid);
  const colours = table(palette, theme);
  const both = layout.rows.length > 1 && layout.cols.length > 1;
  const controls = legendControls(grid, shown);
  return {
    layout,
    lollipop: line
      ? {
          ...common,
          scale: view.scale,
          signed: shown.signed,
          floor: shown.floor,
          show: (value) => (value === 0 ? "0" : cellText(shown, value)),
          flipped: (index) => {
            const top = grid.top[index];
            return Boolean(top && clean && top.id !== clean.id);
          },
        }
      : null,
    heat: line
      ? null
      : {
          ...common,
          domain,
          colours,
          rowLabels: labels(layout.rowDim, layout.rows),
          panelTitles: panelTitles(grid, layout),
          cellText: (index) => cellText(shown, shown.values[index]),
          marginals: marginals(shown.values, layout),
        },
    legend: { domain, colours, floor: shown.floor, controls, show: (v) => showValue(shown, v) },
    words: [
      { id: metric, label: METRICS[metric].label },
      ...unitWord(shown.unit),
      ...(shown.isChange ? [word("change", "change")] : []),
      ...(line ? [word("top_token", "top token")] : [word("clipping", "clipped")]),
      ...(metric === "kl" || metric === "js" ? [word("distribution", "distribution")] : []),
      ...(metric === "recovered" ? [word("source", "source prompt")] : []),
      ...(shown.floor === null ? [] : [word("noise_floor", "noise floor")]),
      ...(controls.length ? [word("control", "controls")] : []),
      ...(both ? [word("marginals", "marginals")] : []),
      ...(layout.block > 1 ? [word("block", "squares")] : []),
    ],
    title: `${shown.isChange ? "Change of " : ""}${shown.name}, ${unitOf(shown)}`,
    notes: [
      ...(line ? lineNotes(shown) : scaleNotes(shown, palette, domain)),
      ...(layout.block > 1
        ? [`a square is the strongest of ${layout.block} neighbours, each edited alone`]
        : []),
    ],
    more: [
      line ? axisNote(view) : endsNote(domain, view),
      ...(shown.floor === null
        ? []
        : [
            `${line ? "grey band" : "bracket"}: noise floor ${showValue(shown, shown.floor).replace("+", "±")}`,
          ]),
      ...controls.map(
        ({ name, value, spread }) =>
          `◆ ${name} ${showValue(shown, value)}${spread === null ? "" : ` ± ${showValue(shown, spread).replace("+", "")}`}`,
      ),
      ...(both ? ["beside the grid: bars are means, diamonds the largest of each line"] : []),
    ],
  };
}

const word = (id: LegendWord["id"], label: string): LegendWord => ({ id, label });

/** A unit that has a word of its own in the glossary. */
export function unitWord(unit: string): LegendWord[] {
  if (unit === "nats") return [word("nat", "nats")];
  return unit === "logits" ? [word("logit", "logits")] : [];
}

function scaleNotes(shown: Shown, palette: Palette, { below, above }: LegendInput["domain"]) {
  const ends = palette === "RdBu" || palette === "PuOr" ? ENDS[palette] : { up: "", down: "" };
  const beyond = below + above;
  return [
    shown.positive(ends),
    ...(beyond > 0 ? [`${count(beyond, "cell lies", "cells lie")} beyond the scale`] : []),
  ];
}

function endsNote({ below, above }: LegendInput["domain"], { clip }: GridView): string {
  const rule = clip === "max" ? "the largest cell" : "the 99th percentile";
  return `ends at ${rule}${below + above > 0 ? "" : ", nothing is clipped"}`;
}

function axisNote({ scale }: GridView): string {
  return scale === "linear" ? "linear axis" : "symlog axis: linear near 0, logarithmic beyond";
}

function lineNotes(shown: Shown): string[] {
  return [
    shown.positive({ up: "above 0", down: "below 0" }),
    "round: the top token stays; diamond: another token is on top",
  ];
}

/** What the controls found, on the scale of the cells. */
function legendControls(grid: GridData, shown: Shown): LegendControl[] {
  const clean = shown.isChange ? (grid.metrics[shown.key]?.clean ?? 0) : 0;
  return (grid.controls ?? []).flatMap((control) => {
    const found = control.metrics?.[shown.key];
    if (control.kind === "self_patch" || typeof found?.found !== "number") return [];
    const name = control.kind === "full_patch" ? "full patch" : "random directions";
    return { name, value: found.found - clean, spread: found.spread ?? null };
  });
}

/** "layer 3", "position ␣in 5", "MLP". */
export function lineName(grid: GridData, dim: string, at: string | number): string {
  return (dim === "site" ? "" : `${dim} `) + coordinateLabel(grid, dim, at);
}

export function panelTitles(grid: GridData, layout: HeatLayout): string[] {
  if (layout.panels.length <= 1) return [];
  return layout.panels.map(({ at }) =>
    Object.entries(at)
      .filter(([dim]) => (grid.coords[dim]?.length ?? 1) > 1)
      .map(([dim, value]) => lineName(grid, dim, value))
      .join(", "),
  );
}
