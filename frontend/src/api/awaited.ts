// The runs that this tab waits for, kept over a reload of the page.
import { create } from "zustand";

export interface Purpose {
  /**
   * `run`: its result is shown in the workbench. `cell`: beside the grid that it was opened from.
   * `ask`: it tells what the model says, and is not kept. `learn`: a task is made with it.
   * `other`: whoever asked sees to it.
   */
  why: "run" | "cell" | "ask" | "learn" | "other";
  /** Of a cell: the id of its grid. */
  of?: string;
  /** Of a question: what begins once it is answered. */
  then?: Then;
}

export type Then = "run" | "sweep";

export interface Awaited extends Purpose {
  job: string;
}

interface State {
  list: readonly Awaited[];
  /** What was to follow a question that has been answered after a reload. */
  next: Then | null;
}

const KEY = "neuronscope.awaited";

function kept(): Awaited[] {
  try {
    const read = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(read) ? read.filter((each) => each?.job && each.why) : [];
  } catch {
    return [];
  }
}

export const useAwaited = create<State>(() => ({ list: kept(), next: null }));

function keep(list: readonly Awaited[], more: Partial<State> = {}): void {
  sessionStorage.setItem(KEY, JSON.stringify(list));
  useAwaited.setState({ list, ...more });
}

export function waitFor(awaited: Awaited): void {
  keep([...useAwaited.getState().list.filter(({ job }) => job !== awaited.job), awaited]);
}

export function waitNoMore(job: string, next: Then | null = null): void {
  const list = useAwaited.getState().list.filter((each) => each.job !== job);
  keep(list, next ? { next } : {});
}

/** Whether the workbench (`run`) or the Explorer (`sweep`) is looked at; a task of Learn shows either. */
export function isLookedAt(view: Then): boolean {
  const [, place, part] = window.location.pathname.split("/");
  if (place === "learn") return part !== undefined && part !== "words";
  return view === "sweep" ? place === "s" : place === "w" || place === "e";
}

/** The job that the workbench waits for: a run, or what is asked of the model for its draft. */
export function useBenchJob(): string | null {
  return useAwaited(
    ({ list }) =>
      list.find(({ why, then }) => why === "run" || (why === "ask" && then !== "sweep"))?.job ??
      null,
  );
}

/** The job that a sweep's form waits for, before the sweep. */
export function useFormJob(): string | null {
  return useAwaited(
    ({ list }) => list.find(({ why, then }) => why === "ask" && then !== "run")?.job ?? null,
  );
}

/** The job that a task of Learn waits for before it begins. */
export function useLearnJob(): string | null {
  return useAwaited(({ list }) => list.find(({ why }) => why === "learn")?.job ?? null);
}

/** The job of a cell of this grid that was opened. */
export function useCellJob(grid: string | undefined): string | null {
  return useAwaited(
    ({ list }) => list.find(({ why, of }) => why === "cell" && of === grid)?.job ?? null,
  );
}
