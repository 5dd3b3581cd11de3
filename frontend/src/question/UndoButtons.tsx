import type { ReactNode } from "react";
import { useKeys } from "../lib/hooks";
import { useDraft } from "../state/draft";
import { Button } from "../ui/ui";
import css from "./question.module.css";

/** One step back or forward in the draft, by button or key; before other buttons of a panel. */
export function UndoButtons({ children }: { children?: ReactNode }) {
  const { past, future, undo, redo } = useDraft();
  useKeys({ "mod+z": undo, "mod+shift+z": redo, "mod+y": redo });
  return (
    <span className={css.tools}>
      <Button
        look="quiet"
        icon="undo"
        aria-label="Undo"
        title="Undo (Ctrl+Z)"
        disabled={!past.length}
        onClick={undo}
      />
      <Button
        look="quiet"
        icon="redo"
        aria-label="Redo"
        title="Redo (Ctrl+Shift+Z)"
        disabled={!future.length}
        onClick={redo}
      />
      {children}
    </span>
  );
}
