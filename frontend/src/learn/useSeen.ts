// What the person has in front of them, read from the same caches as the views.
import { useLocation, useSearch } from "wouter";
import { useGrid, useRecord } from "../api/queries";
import type { Result } from "../api/types";
import { useAside } from "../state/aside";
import { useDraft } from "../state/draft";
import type { Seen } from "./checks";

export function useSeen(): Seen {
  const [path] = useLocation();
  const params = new URLSearchParams(useSearch());
  const [, view, id] = path.split("/");
  const record = useRecord(view === "e" ? (id ?? null) : null).data;
  const grid = useGrid(view === "s" ? (id ?? null) : null, view === "s" && Boolean(id)).data;
  const draft = useDraft((state) => state.draft);
  const guess = useAside((state) => state.guess);
  const cell = params.get("cell");
  return {
    draft,
    result: record?.result.kind === "run" ? (record.result as Result) : null,
    grid: grid ?? null,
    cell: cell === null ? null : Number(cell),
    metric: params.get("metric"),
    guess,
  };
}
