// Work that takes a while: asked for, waited for, and found again after a reload.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import { choicesOf } from "../lib/useChoice";
import { useMessages } from "../state/messages";
import { withParams } from "../state/url";
import {
  type Awaited,
  isLookedAt,
  type Purpose,
  type Then,
  useAwaited,
  waitFor,
  waitNoMore,
} from "./awaited";
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

export class RunCancelled extends Error {
  constructor() {
    super("The run was cancelled.");
  }
}

/** Waits for a run's job and reads what it stored. */
async function runOf(awaited: Awaited): Promise<RunRecord> {
  waitFor(awaited);
  try {
    const { state, subject } = await jobEnded(awaited.job);
    if (state === "cancelled" || !subject) throw new RunCancelled();
    const path = { key: subject };
    return (await unwrap(api.GET("/api/experiments/{key}", { params: { path } }))) as RunRecord;
  } finally {
    waitNoMore(awaited.job);
  }
}

/** Has a run made, or finds it in the store; tells whether it had to wait for it. */
export async function runFor(
  body: RunSpec,
  purpose: Purpose,
  onQueued: () => void,
): Promise<{ record: RunRecord; made: boolean }> {
  const call = api.POST("/api/experiments", { body, headers: ASYNC });
  const answer = await unwrap(call);
  if ((await call).response.status !== 202) return { record: answer as RunRecord, made: false };
  onQueued();
  const { id } = answer as unknown as Job;
  return { record: await runOf({ ...purpose, job: id }), made: true };
}

/** Shows a result where it was asked for, if that is still what is looked at. */
function arrive({ why, of }: Purpose, id: string): void {
  const { pathname, search, hash } = window.location;
  if (why === "cell" && pathname === `/s/${of}`)
    navigate(pathname + withParams(search, { run: id }) + hash, { replace: true });
  if (why === "run" && isLookedAt("run")) navigate(`/e/${id}${choicesOf(window.location.search)}`);
}

type Told = (error: unknown) => boolean;

function useRunning<T>(
  mutationFn: (asked: T) => Promise<RunRecord>,
  purposeOf: (asked: T) => Purpose,
  isToldElsewhere: Told = () => false,
) {
  const client = useQueryClient();
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn,
    onSuccess: (record, asked) => {
      client.setQueryData(keys.record(record.id), record);
      invalidate("history", ...keys.plan);
      arrive(purposeOf(asked), record.id);
    },
    onError: (error) => {
      if (!(error instanceof RunCancelled || isToldElsewhere(error)))
        useMessages.getState().report(error);
    },
    onSettled: () => invalidate("jobs"),
  });
}

/**
 * Runs a spec, or finds its stored result, and shows it where its purpose says.
 * What its view says itself is not said in the bar, too.
 */
export function useRun(purpose: Purpose, isToldElsewhere?: Told) {
  const invalidate = useInvalidate();
  return useRunning(
    async (body: RunSpec) => (await runFor(body, purpose, () => invalidate("jobs"))).record,
    () => purpose,
    isToldElsewhere,
  );
}

/** Runs that only asked what the model says, made before a reload. */
const leftOver = new Set<string>();

/** Removes a run that only asked: asking leaves nothing in the history. */
export async function unask(id: string): Promise<void> {
  leftOver.delete(id);
  try {
    await unwrap(api.DELETE("/api/experiments/{key}", { params: { path: { key: id } } }));
  } catch (error) {
    // Another tab may have asked the same, and removed it.
    const { problem, gone } = asApiError(error);
    if (!gone && problem.status !== 404 && problem.status !== 410)
      useMessages.getState().report(error);
  }
}

export function isLeftOver(id: string): boolean {
  return leftOver.has(id);
}

/** Waits on for a question that was asked before a reload; then what was to follow begins. */
async function answered({ job, then }: Awaited): Promise<void> {
  const ended = await jobEnded(job).catch(() => null);
  const goesOn = then && ended?.state !== "cancelled" && isLookedAt(then);
  if (ended?.subject && goesOn) leftOver.add(ended.subject);
  else if (ended?.subject) await unask(ended.subject);
  waitNoMore(job, goesOn ? then : null);
}

/** After a reload: waits on for what this tab had asked for, and shows it. */
export function useReattach(): void {
  const { mutate } = useRunning(runOf, (awaited: Awaited) => awaited);
  useEffect(() => {
    for (const each of useAwaited.getState().list) {
      if (each.why === "ask") void answered(each);
      else if (each.why === "other" || each.why === "learn") waitNoMore(each.job);
      else mutate(each);
    }
  }, [mutate]);
}

/** Begins what was to follow a question that was answered after a reload. */
export function useGoOn(what: Then, begin: () => void): void {
  const next = useAwaited((state) => state.next);
  const current = useRef(begin);
  current.current = begin;
  useEffect(() => {
    if (next !== what) return;
    useAwaited.setState({ next: null });
    current.current();
  }, [next, what]);
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
const STORES = new Set(["run", "sweep"]);

/**
 * What follows from the queue's news: what is stored now is read again, and the error of a job
 * that failed while the page looked on is put into the status bar.
 */
export function useJobNews(jobs: readonly Job[] | undefined): void {
  const active = useRef(new Set<string>());
  const known = useRef<Set<string> | null>(null);
  const client = useQueryClient();
  useEffect(() => {
    if (!jobs) return;
    const before = active.current;
    const seen = known.current;
    active.current = new Set(jobs.filter(isActive).map((job) => job.id));
    known.current = new Set(jobs.map((job) => job.id));
    const ended = jobs.filter((job) => !isActive(job));
    // A short one, asked for elsewhere, may have come and gone between two looks.
    const over = ended.filter(({ id }) => before.has(id) || (seen && !seen.has(id)));
    for (const job of over) {
      // What was cancelled was meant to be: its view says so.
      if (job.error && job.state !== "cancelled" && TOLD.has(job.kind))
        useMessages.getState().report(toApiError(Number(job.error.status ?? 500), job.error), true);
      // Whoever looks at the grid has followed it; for the others what is kept of it is old.
      if (job.kind === "sweep" && job.subject)
        client.invalidateQueries({ queryKey: keys.grid(job.subject), refetchType: "none" });
    }
    const began = jobs.some(({ id, kind }) => kind === "sweep" && seen && !seen.has(id));
    if (began || over.some((job) => STORES.has(job.kind)))
      for (const head of ["history", "sweep", ...keys.plan])
        client.invalidateQueries({ queryKey: [head] });
    if (over.some((job) => job.kind === "load" || job.kind === "unload"))
      client.invalidateQueries({ queryKey: keys.model });
  }, [jobs, client]);
}
