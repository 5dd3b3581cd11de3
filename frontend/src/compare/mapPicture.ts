// One of the three heatmaps of a comparison: pure, so that the page and files draw the same.
import type { GridData } from "../api/types";
import type { Domain } from "../charts/colour";
import { type HeatLayout, heatLayout } from "../charts/heatLayout";
import { type HeatPicture, roomAround } from "../charts/heatScene";
import { cellText, coordinateLabel, type Shown } from "../explorer/gridView";

/** The scale is given, so that all three share it. */
export interface Scale {
  domain: Domain;
  colours: Uint8ClampedArray;
}

const CELL = { gap: 34, minCell: 6, maxCellWidth: 80, maxCellHeight: 34, targetHeight: 300 };
const CHARACTER = 7;

function labels(grid: GridData, dim: string | null, values: HeatLayout["rows"]): string[] {
  return dim ? values.map((value) => coordinateLabel(grid, dim, value)) : [];
}

function longest(all: readonly string[]): number {
  return Math.max(0, ...all.map((label) => label.length));
}

export function layOutMap(grid: GridData, width: number): HeatLayout {
  const plain = { ...CELL, left: 0, top: 0, labelWidth: 0 };
  const probe = heatLayout(grid, { ...plain, width });
  const options = {
    ...plain,
    width: width - roomAround(false).right,
    left: 14 + Math.min(16, longest(labels(grid, probe.rowDim, probe.rows))) * CHARACTER,
    labelWidth: longest(labels(grid, probe.colDim, probe.cols)) * CHARACTER + 4,
  };
  const { slanted, panels, cols } = heatLayout(grid, options);
  const slant = slanted ? 22 + Math.min(14, longest(labels(grid, probe.colDim, cols))) * 5 : 24;
  return heatLayout(grid, { ...options, top: slant + (panels.length > 1 ? 22 : 0) });
}

export function mapPicture(
  grid: GridData,
  shown: Shown,
  layout: HeatLayout,
  scale: Scale,
): HeatPicture {
  const titled = layout.panels.length > 1;
  return {
    ...scale,
    layout,
    values: shown.values,
    status: shown.status,
    rowLabels: labels(grid, layout.rowDim, layout.rows),
    colLabels: labels(grid, layout.colDim, layout.cols),
    panelTitles: titled ? layout.panels.map(({ at }) => placeOf(grid, at)) : [],
    cellText: (index) => cellText(shown, shown.values[index]),
    marginals: [],
    running: false,
  };
}

function placeOf(grid: GridData, at: Record<string, string | number>): string {
  return Object.entries(at)
    .map(([dim, value]) => coordinateLabel(grid, dim, value))
    .join(", ");
}
