// Where this tab was last: what a view returns to, and the prompts that were run.
import { keys } from "../api/keys";
import { queryClient } from "../api/queries";
import type { Prompt, RunRecord, RunSpec } from "../api/types";
import { withDraft } from "./address";
import { fromSpec, toRun, useDraft } from "./draft";
import { encodeSpec, same } from "./url";

const RESULT = "neuronscope.result";
const SWEEP = "neuronscope.sweep";
const KEPT = 20;
let prompts: Prompt[] = [];

/** The workbench shows this address now: that of a result, or of a draft alone. */
export function atWorkbench(path: string): void {
  if (path.startsWith("/e/")) sessionStorage.setItem(RESULT, path);
  else sessionStorage.removeItem(RESULT);
}

/** The workbench's address: its last result beside the draft as it is now. */
export function toWorkbench(): string {
  const path = sessionStorage.getItem(RESULT);
  if (!path) return "/w";
  const { draft } = useDraft.getState();
  const asked = toRun(draft);
  const shown = queryClient.getQueryData<RunRecord>(keys.record(path.slice("/e/".length)));
  const stored = shown && toRun(fromSpec(shown.result.spec as RunSpec, draft));
  return same(stored, asked) ? path : withDraft(path, "", encodeSpec(asked));
}

export function promptWasRun(prompt: Prompt): void {
  prompts = [prompt, ...prompts.filter((each) => !same(each, prompt))].slice(0, KEPT);
}

/** Prompts that were run, the last first. */
export function promptsRun(): readonly Prompt[] {
  return prompts;
}

/** The address of the last sweep that was looked at; the Explorer without one leads back to it. */
export function lastSweep(): string | null {
  return sessionStorage.getItem(SWEEP);
}

export function sweepWasShown(address: string): void {
  sessionStorage.setItem(SWEEP, address);
}

/** Before a new question: the Explorer then begins with its form. */
export function forgetSweep(): void {
  sessionStorage.removeItem(SWEEP);
}
