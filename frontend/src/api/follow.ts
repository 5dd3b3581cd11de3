// Follows a job's events and merges finished cells into the cached grid.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { keys } from "./keys";
import type { components } from "./schema";
import { readStream } from "./sse";
import { authorization } from "./token";
import type { Cell, GridData } from "./types";

export type Progress = components["schemas"]["Progress"];

const RETRY_MS = 1000;

/** The grid with some cells filled in; a new object only where something changed. */
export function withCells(grid: GridData, cells: readonly Cell[]): GridData {
  const values = Object.fromEntries(Object.entries(grid.values).map(([k, v]) => [k, [...v]]));
  const status = Object.fromEntries(Object.entries(grid.status).map(([k, v]) => [k, [...v]]));
  const top = [...grid.top];
  const errors = { ...grid.errors };
  for (const cell of cells) {
    for (const key of Object.keys(values)) {
      values[key]![cell.index] = cell.values[key] ?? null;
      status[key]![cell.index] = cell.status[key] ?? "failed";
    }
    top[cell.index] = cell.top ?? null;
    if (cell.error) errors[String(cell.index)] = cell.error;
  }
  return { ...grid, values, status, top, errors };
}

/** Progress of a sweep's job, while the grid in the cache fills. */
export function useFollow(jobId: string | null, sweepId: string | null): Progress | null {
  const client = useQueryClient();
  const [progress, setProgress] = useState<Progress | null>(null);

  useEffect(() => {
    setProgress(null);
    if (!jobId || !sweepId) return;
    const stop = new AbortController();
    const gridKey = keys.grid(sweepId);
    let last = "";

    const refresh = () => {
      for (const head of ["jobs", "sweep", "history", ...keys.plan])
        client.invalidateQueries({ queryKey: [head] });
      client.invalidateQueries({ queryKey: gridKey });
    };

    const read = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        let ended = false;
        try {
          last = await readStream(`/api/jobs/${jobId}/events`, {
            headers: authorization(),
            signal: stop.signal,
            lastId: last,
            onEvent: ({ type, data }) => {
              if (type === "progress") setProgress(JSON.parse(data));
              else if (type === "end") ended = true;
              else if (type === "cells") {
                const cells: Cell[] = JSON.parse(data).cells;
                const known = client.getQueryData<GridData>(gridKey);
                if (known) client.setQueryData(gridKey, withCells(known, cells));
                else client.invalidateQueries({ queryKey: gridKey });
              }
            },
          });
        } catch {
          // The connection broke: come back with the last id.
        }
        if (ended) return refresh();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    };
    void read();
    return () => stop.abort();
  }, [client, jobId, sweepId]);

  return progress;
}
