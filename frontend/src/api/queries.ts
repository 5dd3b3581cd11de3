// Everything the page knows of the server, through one cache.
import {
  keepPreviousData,
  QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMessages } from "../state/messages";
import { readGrid } from "./arrays";
import { api, unwrap } from "./client";
import { isActive, keys } from "./keys";
import { ApiError, asApiError } from "./problem";
import type {
  Prompt,
  RunPlan,
  RunRecord,
  RunSpec,
  SweepAccepted,
  SweepPlan,
  SweepSpec,
} from "./types";

export { useCheckModel, useRun } from "./jobs";
export { keys };

const EVER = Number.POSITIVE_INFINITY;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always",
      refetchOnWindowFocus: false,
      retry: (failures, error) => error instanceof ApiError && error.gone && failures < 2,
    },
    mutations: { networkMode: "always", onError: (error) => useMessages.getState().report(error) },
  },
});

/** The queue. Doubles as the heartbeat: its error says that the server is gone. */
export function useJobs() {
  return useQuery({
    queryKey: keys.jobs,
    queryFn: () => unwrap(api.GET("/api/jobs")),
    retry: false,
    refetchInterval: ({ state }) => (state.error || state.data?.some(isActive) ? 1000 : 4000),
  });
}

/** The loaded model; asked again while one is loading. */
export function useModel() {
  return useQuery({
    queryKey: keys.model,
    queryFn: () => unwrap(api.GET("/api/model")),
    refetchInterval: ({ state }) => (state.data?.loading ? 700 : state.error ? 2000 : false),
  });
}

export function useModels() {
  return useQuery({ queryKey: ["models"], queryFn: () => unwrap(api.GET("/api/models")) });
}

/** The query for a prompt's tokens under the tokenizer with this digest. */
export function tokensOf(digest: string | undefined, prompt: Prompt | null) {
  return queryOptions({
    queryKey: ["tokens", digest, prompt],
    enabled: Boolean(digest) && prompt !== null && prompt !== "",
    queryFn: () => unwrap(api.POST("/api/tokenize", { body: { prompt: prompt! } })),
    staleTime: EVER,
  });
}

export function useTokens(prompt: Prompt | null) {
  const digest = useModel().data?.info?.tokenizer_digest;
  return useQuery({ ...tokensOf(digest, prompt), placeholderData: keepPreviousData });
}

export function useRecord(id: string | null) {
  return useQuery({
    queryKey: keys.record(id ?? ""),
    enabled: Boolean(id),
    queryFn: async () =>
      (await unwrap(
        api.GET("/api/experiments/{key}", { params: { path: { key: id! } } }),
      )) as RunRecord,
    staleTime: EVER,
  });
}

export function useSweep(id: string | null) {
  return useQuery({
    queryKey: ["sweep", id],
    enabled: Boolean(id),
    queryFn: () => unwrap(api.GET("/api/sweeps/{key}", { params: { path: { key: id! } } })),
    refetchInterval: ({ state }) => (state.data?.job ? 1500 : false),
  });
}

/** The grid; a sweep has none before its first cells (`ready`). */
export function useGrid(id: string | null, ready: boolean) {
  return useQuery({
    queryKey: keys.grid(id ?? ""),
    enabled: Boolean(id) && ready,
    queryFn: async () => {
      const file = await unwrap(
        api.GET("/api/sweeps/{key}/grid", {
          params: { path: { key: id! } },
          headers: { Accept: "application/x-safetensors" },
          parseAs: "arrayBuffer",
        }),
      );
      return readGrid(file as ArrayBuffer);
    },
    // Comparing tens of thousands of cells for every few that arrive costs more than drawing them.
    structuralSharing: false,
    staleTime: EVER,
  });
}

const DRY = { query: { dry_run: true } };

async function planned(spec: RunSpec | SweepSpec) {
  return "over" in spec
    ? unwrap(api.POST("/api/sweeps", { body: spec, params: DRY }))
    : unwrap(api.POST("/api/experiments", { body: spec, params: DRY }));
}

/** What a run (or, with `over`, a sweep) would take; asked again when another has ended. */
export function usePlan<S extends RunSpec | SweepSpec>(spec: S | null) {
  return useQuery({
    queryKey: [...keys.plan, useModel().data?.info?.model_digest, spec],
    enabled: spec !== null,
    queryFn: async () => (await planned(spec!)) as S extends SweepSpec ? SweepPlan : RunPlan,
    staleTime: EVER,
    retry: false,
    placeholderData: keepPreviousData,
  });
}

function useInvalidate() {
  const client = useQueryClient();
  return (...heads: string[]) => {
    for (const head of heads) client.invalidateQueries({ queryKey: [head] });
  };
}

export function useStartSweep() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async (body: SweepSpec) =>
      (await unwrap(api.POST("/api/sweeps", { body }))) as SweepAccepted,
    onSuccess: () => invalidate("history", "jobs", "sweep"),
    // What is refused is said in the form.
    onError: (error) => {
      if (asApiError(error).problem.status >= 500) useMessages.getState().report(error);
    },
  });
}

export function useCancelJob() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })),
    onSuccess: () => invalidate("jobs", "sweep"),
  });
}

export function useLoadModel() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/models/{model_id}/load", { params: { path: { model_id: id } } })),
    onSuccess: () => invalidate("jobs", "model", "models"),
  });
}

export interface Annotations {
  id: string;
  name?: string;
  notes?: string;
  tags?: string[];
  starred?: boolean;
}

export function useAnnotate() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: ({ id, ...body }: Annotations) =>
      unwrap(api.PATCH("/api/experiments/{key}", { params: { path: { key: id } }, body })),
    onSuccess: () => invalidate("history", "record", "sweep"),
  });
}

export function useDelete() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE("/api/experiments/{key}", { params: { path: { key: id } } })),
    onSuccess: () => invalidate("history"),
  });
}
