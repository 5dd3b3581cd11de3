// Running the draft: answers that follow the model are asked for first.
import { useMutation } from "@tanstack/react-query";
import { RunCancelled, useGoOn, useRun } from "../api/jobs";
import { editAt, hasField, lookAtFault } from "../question/faultAt";
import { upToDate } from "../question/follow";
import { type Draft, toRun, useDraft } from "../state/draft";
import { promptWasRun } from "../state/last";

const opsOf = ({ edits }: Draft) => edits.map(({ op }) => op);

/** The edit that is at fault shows its fields, and with them what is wrong. */
function showFault(error: unknown): void {
  if (error instanceof RunCancelled) return;
  const at = editAt(error);
  if (at) useDraft.getState().select(at.index, at.group);
  lookAtFault();
}

/** The run of the draft; `start` begins one, whose result is shown at its own address. */
export function useAsk() {
  const run = useRun({ why: "run" }, hasField);
  // One piece of work, which goes on when the view is left.
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      const draft = await upToDate("run", opsOf);
      await run.mutateAsync(toRun(draft));
      promptWasRun(draft.prompt);
    },
    // The run has told its own.
    onError: showFault,
  });
  useGoOn("run", mutate);
  return { run, start: mutate, asking: isPending };
}
