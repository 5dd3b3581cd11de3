// What the person has in front of them, read from the same caches as the views.
import { useLocation, useSearch } from "wouter";
import { useGrid, useRecord } from "../api/queries";
import type { Result } from "../api/types";
import { parseCell } from "../explorer/cellCode";
import { useAside } from "../state/aside";
import { useDraft } from "../state/draft";
import type { Seen } from "./checks";
import { useMapClick } from "./useMapClick";

export function useSeen(step: string): Seen {
  const onMap = useMapClick(step);
  const [path] = useLocation();
  const params = new URLSearchParams(useSearch());
  const [, view, id] = path.split("/");
  // The Explorer opens a cell's own experiment beside its grid.
  const shown = view === "e" ? (id ?? null) : view === "s" ? params.get("run") : null;
  const record = useRecord(shown).data;
  const grid = useGrid(view === "s" ? (id ?? null) : null, view === "s" && Boolean(id)).data;
  const draft = useDraft((state) => state.draft);
  const guess = useAside((state) => state.guess);
  const cell = params.get("cell");
  return {
    draft,
    result: record?.result.kind === "run" ? (record.result as Result) : null,
    grid: grid ?? null,
    cell: grid && cell ? parseCell(grid, cell) : null,
    metric: params.get("metric"),
    guess,
    onMap,
  };
}
