// Errors stay in the status bar until dismissed.
import { create } from "zustand";
import { asApiError } from "../api/problem";

export interface Message {
  id: number;
  title: string;
  detail: string;
  hint?: string;
}

interface Messages {
  list: Message[];
  report: (error: unknown) => void;
  dismiss: (id: number) => void;
}

let next = 1;

export const useMessages = create<Messages>((set) => ({
  list: [],
  report: (error) => {
    const { problem, gone } = asApiError(error);
    if (gone) return; // shown by the strip for as long as it lasts
    set(({ list }) => {
      const rest = list.filter((each) => each.detail !== problem.detail);
      const added = {
        id: next++,
        title: problem.title,
        detail: problem.detail,
        hint: problem.hint,
      };
      return { list: [...rest.slice(-3), added] };
    });
  },
  dismiss: (id) => set(({ list }) => ({ list: list.filter((each) => each.id !== id) })),
}));
