// What stands beside the view: a task of Learn, or a word of the glossary.
import { create } from "zustand";
import type { Prompt, TokenScore } from "../api/types";
import type { WordId } from "../lib/glossary";

export const LESSONS = ["predict", "break", "restore", "locate"] as const;
export type Lesson = (typeof LESSONS)[number];

/** What the tasks know of the loaded model: two prompts, and what it says to each. */
export interface Facts {
  digest: string;
  a: Prompt;
  answerA: TokenScore;
  /** A prompt of as many tokens with another answer; null where none was found. */
  b: Prompt | null;
  answerB: TokenScore | null;
  /** The first prompt is made of tokens from the vocabulary: no sentence of ours can be read. */
  made: boolean;
  /** Where the second prompt is the first with one token changed: that token's position. */
  changed: number | null;
  /** The prompts differ in the last token, where the answer is read. */
  lastDiffers: boolean;
}

interface Kept {
  lesson: Lesson | null;
  step: number;
  /** What came of the current step, once the person has done it. */
  found: string | null;
  /** What Locate found, in words, for its end. */
  finding: string | null;
  done: Lesson[];
  guess: string;
  facts: Facts | null;
}

interface Aside extends Kept {
  word: WordId | null;
  set: (fields: Partial<Kept & { word: WordId | null }>) => void;
}

const KEY = "neuronscope.learn";
const NOTHING: Kept = {
  lesson: null,
  step: 0,
  found: null,
  finding: null,
  done: [],
  guess: "",
  facts: null,
};

function kept(): Kept {
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const all = { ...NOTHING, ...(typeof read === "object" ? read : {}) };
    // Of an earlier version of the page: found again when a task begins.
    return all.facts && !("made" in all.facts) ? { ...all, facts: null, lesson: null } : all;
  } catch {
    return NOTHING;
  }
}

export const useAside = create<Aside>((set, get) => ({
  ...kept(),
  word: null,
  set: (fields) => {
    set(fields);
    const { lesson, step, found, finding, done, guess, facts } = get();
    const now: Kept = { lesson, step, found, finding, done, guess, facts };
    localStorage.setItem(KEY, JSON.stringify(now));
  },
}));
