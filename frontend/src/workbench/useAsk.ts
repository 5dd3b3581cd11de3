// Running the draft: answers that follow the model are asked for first.
import { useMutation } from "@tanstack/react-query";
import { useCallback } from "react";
import { useLocation } from "wouter";
import { RunCancelled } from "../api/jobs";
import { useRun } from "../api/queries";
import { choicesOf } from "../lib/useChoice";
import { editAt, hasField } from "../question/faultAt";
import { upToDate } from "../question/follow";
import { type Draft, toRun, useDraft } from "../state/draft";
import { promptWasRun } from "../state/last";

const opsOf = ({ edits }: Draft) => edits.map(({ op }) => op);

/** The run of the draft; `start` begins one and shows its result at its own address. */
export function useAsk() {
  const [, go] = useLocation();
  const run = useRun(hasField);
  const prepare = useMutation({ mutationFn: () => upToDate(opsOf) });
  const start = useCallback(() => {
    prepare.mutate(undefined, {
      onSuccess: (draft) =>
        run.mutate(toRun(draft), {
          onSuccess: ({ id }) => {
            promptWasRun(draft.prompt);
            go(`/e/${id}${choicesOf(window.location.search)}`);
          },
          onError: (error) => {
            if (error instanceof RunCancelled) return;
            // The edit that is at fault shows its fields, and with them what is wrong.
            const at = editAt(error);
            if (at) useDraft.getState().select(at.index, at.group);
            requestAnimationFrame(() =>
              document.querySelector("[data-fault]")?.scrollIntoView({ block: "nearest" }),
            );
          },
        }),
    });
  }, [prepare.mutate, run.mutate, go]);
  return { run, start, asking: prepare.isPending || run.isPending };
}
