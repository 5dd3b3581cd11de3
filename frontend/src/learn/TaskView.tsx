import { lazy, useEffect, useState } from "react";
import { asApiError } from "../api/problem";
import { useModel } from "../api/queries";
import { LESSONS, type Lesson, useAside } from "../state/aside";
import { Empty, Notice } from "../ui/ui";
import { Workbench } from "../workbench/Workbench";
import { begin } from "./begin";
import { LESSON_TEXTS } from "./lessons";

const Explorer = lazy(() =>
  import("../explorer/Explorer").then((view) => ({ default: view.Explorer })),
);

/** A task's own address: the view in which its step is done; the panel beside it says what to do. */
export default function TaskView({ lesson, step }: { lesson: string; step: string }) {
  const info = useModel().data?.info;
  const aside = useAside();
  const [error, setError] = useState<unknown>(null);
  const [why, setWhy] = useState<string | null>(null);
  const known = LESSONS.includes(lesson as Lesson);
  const steps = known ? LESSON_TEXTS[lesson as Lesson].steps : [];
  const wanted = Math.min(steps.length, Math.max(0, Math.trunc(Number(step)) - 1 || 0));
  const underWay = aside.lesson === lesson && aside.facts?.digest === info?.model_digest;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the address decides, not the panel's own steps
  useEffect(() => {
    if (!info || !known) return;
    if (!underWay) begin(lesson as Lesson, wanted, info).then(setWhy, setError);
    else {
      setWhy(null);
      if (aside.step !== wanted) aside.set({ step: wanted, found: null });
    }
  }, [info, known, lesson, wanted]);

  if (!known) {
    return (
      <Empty title="There is no such task.">
        <a href="/learn">All tasks</a>
      </Empty>
    );
  }
  if (why) {
    return (
      <Empty title="This model cannot do this task.">
        <p>{why}</p>
        <a href="/learn">All tasks</a>
      </Empty>
    );
  }
  if (error) return <Notice kind="bad">{asApiError(error).message}</Notice>;
  return steps[wanted]?.at === "s" ? <Explorer id={null} /> : <Workbench id={null} />;
}
