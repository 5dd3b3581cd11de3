import type { MouseEvent, ReactNode } from "react";
import type { WordId } from "../lib/glossary";
import { useAside } from "../state/aside";
import css from "./ui.module.css";

interface TermProps {
  id: WordId;
  /** Where there is no label to be the link: what the question mark asks about. */
  of?: string;
  children?: ReactNode;
}

/** A term, linked to its plain words: a click shows them beside the view. */
export function Term({ id, of, children }: TermProps) {
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    useAside.getState().set({ word: id });
  };
  return (
    <a
      href={`/learn/words/${id}`}
      className={of ? css.ask : css.term}
      title="What is this?"
      onClick={onClick}
    >
      {of ? (
        <>
          <span aria-hidden="true">?</span>
          <span className="visually-hidden">What is meant by {of}?</span>
        </>
      ) : (
        children
      )}
    </a>
  );
}
