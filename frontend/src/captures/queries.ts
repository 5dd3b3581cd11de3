// Stored captures: their list, one of them, its arrays, and making a new one.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";
import { asApiError, toApiError } from "../api/problem";
import { authorization } from "../api/token";
import type { CaptureRecord, CaptureSpec } from "../api/types";
import type { HistoryQuery } from "../history/filters";
import { readNpy } from "./npy";

/** A page of the captures that fit, newest first; the cursor names where it begins. */
export function useCaptures(query: HistoryQuery, cursor: string | null) {
  const { q, model, since, until } = query;
  const asked = { limit: 30, q, model, since, until, ...(cursor && { cursor }) };
  return useQuery({
    queryKey: ["captures", asked],
    queryFn: () => unwrap(api.GET("/api/captures", { params: { query: asked } })),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

export function useCapture(id: string | null) {
  return useQuery({
    queryKey: ["capture", id],
    enabled: Boolean(id),
    queryFn: async () =>
      (await unwrap(
        api.GET("/api/captures/{key}", { params: { path: { key: id! } } }),
      )) as CaptureRecord,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useMakeCapture() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: CaptureSpec) =>
      (await unwrap(api.POST("/api/captures", { body }))) as CaptureRecord,
    onSuccess: (record) => {
      client.setQueryData(["capture", record.id], record);
      client.invalidateQueries({ queryKey: ["captures"] });
      client.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
}

export function useDeleteCapture() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE("/api/captures/{key}", { params: { path: { key: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["captures"] }),
  });
}

/** A capture's tensors as a file. Throws `ApiError`. */
export async function fetchFile(id: string, type: string, entry?: string): Promise<Blob> {
  const query = entry === undefined ? "" : `?entry=${encodeURIComponent(entry)}`;
  let answer: Response;
  try {
    answer = await fetch(`/api/captures/${encodeURIComponent(id)}${query}`, {
      headers: { ...authorization(), Accept: type },
    });
  } catch (error) {
    throw asApiError(error);
  }
  if (!answer.ok) throw toApiError(answer.status, await answer.json().catch(() => null));
  return answer.blob();
}

export const NPY = "application/x-npy";
export const SAFETENSORS = "application/x-safetensors";

/** The numbers of one entry, asked for when they are needed. */
export function useArray(id: string, entry: string | null) {
  return useQuery({
    queryKey: ["array", id, entry],
    enabled: entry !== null,
    queryFn: async () => readNpy(await (await fetchFile(id, NPY, entry!)).arrayBuffer()),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
}
