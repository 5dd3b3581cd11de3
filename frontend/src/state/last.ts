// Where this tab was last: what a view returns to, and the prompts that were run.
import type { Prompt } from "../api/types";
import { withDraft } from "./address";
import { toRun, useDraft } from "./draft";
import { encodeSpec, same } from "./url";

const RESULT = "neuronscope.result";
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
  return path ? withDraft(path, "", encodeSpec(toRun(useDraft.getState().draft))) : "/w";
}

export function promptWasRun(prompt: Prompt): void {
  prompts = [prompt, ...prompts.filter((each) => !same(each, prompt))].slice(0, KEPT);
}

/** Prompts that were run, the last first. */
export function promptsRun(): readonly Prompt[] {
  return prompts;
}
