// Work that takes a while: asked for, waited for, and found again after a reload.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { create } from "zustand";
import { useMessages } from "../state/messages";
import { api, unwrap } from "./client";
import { isActive, keys } from "./keys";
import { asApiError, toApiError } from "./problem";
import type { Job, RunRecord, RunSpec } from "./types";

const FIRST_WAIT_MS = 30;
const LONGEST_WAIT_MS = 1000;
const ASYNC = { Prefer: "respond-async" };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a job's end, also over a server that is away for a while; throws its error. */
export async function jobEnded(id: string): Promise<Job> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 1.6)) {
    await pause(wait);
    let job: Job;
    try {
      job = await unwrap(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } } }));
    } catch (error) {
      if (!asApiError(error).gone) throw error;
      continue;
    }
    if (isActive(job)) continue;
    if (job.error && job.state !== "cancelled")
      throw toApiError(Number(job.error.status ?? 500), job.error);
    return job;
  }
}

function useInvalidate() {
  const client = useQueryClient();
  return (...heads: string[]) => {
    for (const head of heads) client.invalidateQueries({ queryKey: [head] });
  };
}

const PENDING = "neuronscope.run";

interface Pending {
  /** The job of the run that this page waits for; kept over a reload of the page. */
  job: string | null;
  set: (job: string | null) => void;
}

export const usePendingRun = create<Pending>((set) => ({
  job: sessionStorage.getItem(PENDING),
  set: (job) => {
    if (job) sessionStorage.setItem(PENDING, job);
    else sessionStorage.removeItem(PENDING);
    set({ job });
  },
}));

export class RunCancelled extends Error {}

/** Waits for a run's job and reads what it stored. */
async function runOf(job: string): Promise<RunRecord> {
  usePendingRun.getState().set(job);
  try {
    const { state, subject } = await jobEnded(job);
    if (state === "cancelled" || !subject) throw new RunCancelled();
    const path = { key: subject };
    return (await unwrap(api.GET("/api/experiments/{key}", { params: { path } }))) as RunRecord;
  } finally {
    usePendingRun.getState().set(null);
  }
}

type Told = (error: unknown) => boolean;

function useRunning<T>(
  mutationFn: (asked: T) => Promise<RunRecord>,
  isToldElsewhere: Told = () => false,
) {
  const client = useQueryClient();
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn,
    onSuccess: (record) => {
      client.setQueryData(keys.record(record.id), record);
      invalidate("history", ...keys.plan);
    },
    onError: (error) => {
      if (!(error instanceof RunCancelled || isToldElsewhere(error)))
        useMessages.getState().report(error);
    },
    onSettled: () => invalidate("jobs"),
  });
}

/** Runs a spec, or finds its stored result. What its view says itself is not said in the bar, too. */
export function useRun(isToldElsewhere?: Told) {
  const invalidate = useInvalidate();
  return useRunning(async (body: RunSpec) => {
    const call = api.POST("/api/experiments", { body, headers: ASYNC });
    const answer = await unwrap(call);
    if ((await call).response.status !== 202) return answer as RunRecord;
    invalidate("jobs");
    return runOf((answer as unknown as Job).id);
  }, isToldElsewhere);
}

/** After a reload: waits on for the run that this page had asked for, and shows it. */
export function useReattach(show: (id: string) => void): void {
  const { mutate } = useRunning(runOf);
  const shown = useRef(show);
  shown.current = show;
  useEffect(() => {
    const { job } = usePendingRun.getState();
    if (job) mutate(job, { onSuccess: ({ id }) => shown.current(id) });
  }, [mutate]);
}

/** Has the stages of fast sweeps prove themselves; settled when the job has ended. */
export function useCheckModel() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async () => {
      const job = await unwrap(api.POST("/api/model/check"));
      invalidate("jobs");
      return jobEnded(job.id);
    },
    onSettled: () => invalidate("jobs", "model"),
  });
}

/** Runs a stored experiment again, and says whether the same comes out. */
export function useVerify() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async (id: string) => {
      const path = { key: id };
      const call = api.POST("/api/experiments/{key}/verify", { params: { path }, headers: ASYNC });
      const job = (await unwrap(call)) as unknown as Job;
      invalidate("jobs");
      return (await jobEnded(job.id)).verification ?? null;
    },
    onSettled: () => invalidate("jobs"),
  });
}

const TOLD = new Set(["load", "unload", "sweep"]);

/** Puts the error of a job that failed while the page looked on into the status bar. */
export function useJobNews(jobs: readonly Job[] | undefined): void {
  const active = useRef(new Set<string>());
  const client = useQueryClient();
  useEffect(() => {
    if (!jobs) return;
    const before = active.current;
    active.current = new Set(jobs.filter(isActive).map((job) => job.id));
    const over = jobs.filter((job) => before.has(job.id) && !isActive(job));
    for (const job of over) {
      // What was cancelled was meant to be: its view says so.
      if (job.error && job.state !== "cancelled" && TOLD.has(job.kind))
        useMessages.getState().report(toApiError(Number(job.error.status ?? 500), job.error), true);
    }
    if (over.some((job) => job.kind === "load" || job.kind === "unload"))
      client.invalidateQueries({ queryKey: keys.model });
  }, [jobs, client]);
}
