// What happens whenever another view, or another task, is come to.
import { useEffect, useLayoutEffect } from "react";
import { useAside } from "../state/aside";
import { useDraft } from "../state/draft";
import { atWorkbench } from "../state/last";
import { useMessages } from "../state/messages";

/** What stays in place while its parameters change; a result is shown beside its own question. */
function viewOf(path: string): string {
  const [view, part] = path.split("/").slice(1);
  if (view === "w" || view === "e") return "workbench";
  return view === "learn" && part !== "words" ? path : (view ?? "");
}

/** A view begins at its top, without the refusals of another. */
export function useArrival(path: string): void {
  const view = viewOf(path);
  const lesson = useAside((state) => state.lesson);
  // Before what a view brings into sight by itself.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view or task, whichever
  useLayoutEffect(() => {
    document.querySelector("main")?.scrollTo(0, 0);
  }, [view, lesson]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the view that is come to
  useEffect(() => useMessages.getState().pass(), [view]);

  useEffect(
    () =>
      useDraft.subscribe(({ draft }, before) => {
        if (draft !== before.draft) useMessages.getState().pass();
      }),
    [],
  );

  useEffect(() => {
    if (viewOf(path) === "workbench") atWorkbench(path);
  }, [path]);
}
