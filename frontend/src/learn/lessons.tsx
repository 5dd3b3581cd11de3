// The words of the four tasks: plain ones first, the term beside them.
import type { ReactNode } from "react";
import type { ModelInfo } from "../api/types";
import { WHERE_LABEL } from "../explorer/presets";
import { visible } from "../lib/format";
import type { Facts, Lesson } from "../state/aside";
import { Term } from "../ui/Term";
import { Parts } from "./Parts";
import { unsure } from "./possible";
import type { Place } from "./usePlace";

export interface StepText {
  title: string;
  /** Where the step is done, and what of that view it speaks of. */
  at: "w" | "s";
  place: Place;
  text: (facts: Facts, info: ModelInfo | undefined) => ReactNode;
  hint?: string;
}

export interface LessonText {
  title: string;
  says: string;
  steps: readonly StepText[];
  /** What was seen, and what was not. */
  end: ReactNode;
}

const tok = (text: string) => <code>{visible(text)}</code>;

export function promptOf(prompt: Facts["a"]): string {
  return typeof prompt === "string" ? prompt : `token ids ${prompt.join(" ")}`;
}

export const LESSON_TEXTS: Record<Lesson, LessonText> = {
  predict: {
    title: "Predict",
    says: "Guess what the model says, then look.",
    steps: [
      {
        title: "Guess",
        at: "w",
        place: "question",
        text: ({ a, made }) => (
          <>
            A <Term id="model">language model</Term> continues a text, the{" "}
            <Term id="prompt">prompt</Term>. The workbench holds this one: <q>{promptOf(a)}</q>.
            Which word will come next? Write your guess here.
            {made && " Nobody could know: the tokens stand in no order."}
          </>
        ),
      },
      {
        title: "Look",
        at: "w",
        place: "question",
        text: () => (
          <>
            Press <b>Run</b>. Nothing is changed inside the model: this is a{" "}
            <Term id="clean">clean</Term> run. It gives every piece of text that it knows (
            <Term id="token">token</Term>) a <Term id="probability">probability</Term>. The mark
            that may stand before your text is no word: it is the{" "}
            <Term id="bos">beginning-of-sequence token</Term>.
          </>
        ),
      },
    ],
    end: (
      <>
        The model does not give one answer: it gives a probability to every token (the{" "}
        <Term id="distribution">next-token distribution</Term>). That is what all experiments here
        measure. It does not tell you why the model says this: nothing was changed.
      </>
    ),
  },
  break: {
    title: "Break",
    says: "Take one part away and see what is lost.",
    steps: [
      {
        title: "Choose a part",
        at: "w",
        place: "map",
        text: (_, info) => (
          <>
            The map shows the model: one row for each <Term id="layer">layer</Term>, with{" "}
            <Parts info={info} />. Click one. It will be set to zero (
            <Term id="ablation">ablation</Term>).
          </>
        ),
      },
      {
        title: "Run it without",
        at: "w",
        place: "question",
        text: () => (
          <>
            Press <b>Run</b>. The model reads the prompt twice: untouched (
            <Term id="clean">clean</Term>) and without your part (<Term id="edited">edited</Term>).
          </>
        ),
      },
      {
        title: "Find one that matters",
        at: "w",
        place: "map",
        text: ({ answerA }) => (
          <>
            Many parts can go and hardly anything happens. Find one without which the model no
            longer says {tok(answerA.token)} first: click another part on the map, and press{" "}
            <b>Run</b> or the key <b>r</b>.
            {unsure(answerA) &&
              " This model is far from sure of it, so that little is enough to change its first choice."}
          </>
        ),
        hint: "What the first layers write is read by all later ones. Whole attention and MLP blocks move more than single heads.",
      },
    ],
    end: (
      <>
        You changed one thing and saw what follows (<Term id="intervention">intervention</Term>). It
        shows that on this prompt the model’s first answer depends on the part. It does not show
        that the answer is stored there: what you broke may only have passed it on.
      </>
    ),
  },
  restore: {
    title: "Restore",
    says: "Carry one part over from another prompt.",
    steps: [
      {
        title: "Another prompt",
        at: "w",
        place: "question",
        text: ({ a, b, answerA }) => (
          <>
            The workbench now holds <q>{promptOf(b ?? a)}</q>. Press <b>Run</b> to see what the
            model says to it. Then you will make it say {tok(answerA.token)} after all.
          </>
        ),
      },
      {
        title: "Carry a part over",
        at: "w",
        place: "map",
        text: ({ a }) => (
          <>
            Click a part on the map. Choose <b>Patch</b>, and write the first prompt as{" "}
            <Term id="source">source prompt</Term>: <q>{promptOf(a)}</q>. The part will then hold
            what it held there (<Term id="patching">activation patching</Term>).
          </>
        ),
      },
      {
        title: "Make it say the other answer",
        at: "w",
        place: "question",
        text: ({ answerA }) => (
          <>
            Press <b>Run</b>. If it does not say {tok(answerA.token)} yet, move the patch: click
            another part, run again.
          </>
        ),
        hint: "The circles on the line are the residual stream: all that earlier layers have written. A patch of all its positions carries everything.",
      },
    ],
    end: (
      <>
        What you carried over was enough to bring the other answer. The smaller the part, the more
        that says: the whole <Term id="stream">residual stream</Term> carries everything, one head
        seldom enough.
      </>
    ),
  },
  locate: {
    title: "Locate",
    says: "Try all places at once, and find where the answer arrives.",
    steps: [
      {
        title: "Ask everywhere",
        at: "s",
        place: "presets",
        text: () => (
          <>
            Patching by hand is slow. In the Explorer, choose <b>{WHERE_LABEL}</b>: the same patch,
            at every layer and every <Term id="position">position</Term> in turn (
            <Term id="sweep">sweep</Term>).
          </>
        ),
      },
      {
        title: "Run the sweep",
        at: "s",
        place: "presets",
        text: () => (
          <>
            Press <b>Run sweep</b>. Each cell of the grid is one experiment; the colour says how far
            it moved the answer.
          </>
        ),
      },
      {
        title: "Find where it arrives",
        at: "s",
        place: "grid",
        text: ({ answerA }) => (
          <>
            The answer is read at the last position, in the last column. Click the first cell of
            that column, from the top, that has at least half of the strongest effect: there, what
            it needs to say {tok(answerA.token)} has arrived.
          </>
        ),
        hint: "Rows are layers, from the first at the top. Strong cells often begin in the column where the prompts differ and end in the last one.",
      },
      {
        title: "Open the cell",
        at: "s",
        place: "cell",
        text: () => (
          <>
            Press <b>Enter</b> now, or <b>Open as its own experiment</b> on the marked card. It is
            the same edit as in the workbench, with an address of its own.
          </>
        ),
      },
    ],
    end: (
      <>
        There the answer reaches the position where it is read, on this pair of prompts and this
        model. “There” means cells with at least half of the strongest effect. Another pair may take
        another way.
      </>
    ),
  },
};
