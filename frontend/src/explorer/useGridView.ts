// What of a grid is shown, and how: all of it is in the address, so that a link shows the same.
import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import type { GridData } from "../api/types";
import { type Clip, DIVERGING, type Palette, SEQUENTIAL } from "../charts/colour";
import type { Axes } from "../charts/heatLayout";
import { withParams } from "../state/url";
import { parseCell, parseRange } from "./cellCode";
import { firstMetric } from "./gridView";

export interface GridView {
  metric: string;
  axes: Axes | null;
  palette: (signed: boolean) => Palette;
  clip: Clip;
  block: number | null;
  scale: "linear" | "symlog";
  cell: number | null;
  /** Two corners of the marked rectangle. */
  marked: [number, number] | null;
  /** The experiment that is open beside the grid. */
  run: string | null;
}

type Changes = Record<string, string | null>;

export function readView(grid: GridData, search: string): GridView {
  const params = new URLSearchParams(search);
  const keys = Object.keys(grid.metrics);
  const asked = params.get("metric") ?? "";
  const [row, col] = (params.get("grid") ?? "").split(",");
  const palette = params.get("colours");
  const pick = <T extends string>(all: readonly T[]) => all.find((each) => each === palette);
  const block = Number(params.get("block"));
  const [cell, marked] = [params.get("cell"), params.get("marked")];
  return {
    metric: keys.includes(asked) ? asked : firstMetric(grid),
    axes: row && col ? { row, col } : null,
    palette: (signed) => (signed ? (pick(DIVERGING) ?? "RdBu") : (pick(SEQUENTIAL) ?? "Viridis")),
    clip: params.get("clip") === "max" ? "max" : "p99",
    block: Number.isInteger(block) && block > 0 ? block : null,
    scale: params.get("scale") === "symlog" ? "symlog" : "linear",
    cell: cell ? parseCell(grid, cell) : null,
    marked: marked ? parseRange(grid, marked) : null,
    run: params.get("run"),
  };
}

export function useGridView(grid: GridData): [GridView, (changes: Changes) => void] {
  const [path, go] = useLocation();
  const search = useSearch();
  // biome-ignore lint/correctness/useExhaustiveDependencies: cells that arrive do not change the view
  const read = useMemo(() => readView(grid, search), [grid.coords, grid.metrics, search]);
  const [row, col] = [read.axes?.row, read.axes?.col];
  // One object as long as the axes are the same: the layout is made from it.
  const axes = useMemo(() => (row && col ? { row, col } : null), [row, col]);
  const change = (changes: Changes) =>
    go(path + withParams(window.location.search, changes), { replace: true });
  const view = useMemo(() => ({ ...read, axes }), [read, axes]);
  return [view, change];
}
