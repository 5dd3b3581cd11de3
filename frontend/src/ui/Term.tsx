import type { MouseEvent, ReactNode } from "react";
import type { WordId } from "../lib/glossary";
import { useAside } from "../state/aside";
import css from "./ui.module.css";

/** A term, linked to its plain words: a click shows them beside the view. */
export function Term({ id, children }: { id: WordId; children: ReactNode }) {
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    useAside.getState().set({ word: id });
  };
  return (
    <a href={`/learn/words/${id}`} className={css.term} title="What is this?" onClick={onClick}>
      {children}
    </a>
  );
}
