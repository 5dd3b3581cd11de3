// Errors stay in the status bar until dismissed; refusals until what was asked changes.
import { create } from "zustand";
import { asApiError } from "../api/problem";

/** Refusals of a request: once the request changes there is nothing more to say. */
const isRefusal = (status: number) => status >= 400 && status < 500;

export interface Message {
  id: number;
  title: string;
  detail: string;
  hint?: string;
  /** Goes when the form changes or the view is left. */
  passing: boolean;
}

interface Messages {
  list: Message[];
  report: (error: unknown, stays?: boolean) => void;
  dismiss: (id: number) => void;
  dismissAll: () => void;
  /** The form has changed, or the view was left. */
  pass: () => void;
}

let next = 1;

export const useMessages = create<Messages>((set) => ({
  list: [],
  report: (error, stays = false) => {
    const { problem, gone } = asApiError(error);
    if (gone) return; // shown by the strip for as long as it lasts
    set(({ list }) => {
      const rest = list.filter((each) => each.detail !== problem.detail);
      const added = {
        id: next++,
        title: problem.title,
        detail: problem.detail,
        hint: problem.hint,
        passing: !stays && isRefusal(problem.status),
      };
      return { list: [...rest, added] };
    });
  },
  pass: () =>
    set(({ list }) =>
      list.some(({ passing }) => passing) ? { list: list.filter((each) => !each.passing) } : {},
    ),
  dismiss: (id) => set(({ list }) => ({ list: list.filter((each) => each.id !== id) })),
  dismissAll: () => set({ list: [] }),
}));
