import { Fragment } from "react";
import type { WordId } from "../lib/glossary";
import { Term } from "../ui/Term";
import css from "./heatmap.module.css";

export interface LegendWord {
  id: WordId;
  label: string;
}

/** What the words of a legend mean: its notes are plain text, since files hold them too. */
export function LegendWords({ words }: { words: readonly LegendWord[] }) {
  return (
    <p className={css.words}>
      What is meant by{" "}
      {words.map(({ id, label }, index) => (
        <Fragment key={id}>
          {index > 0 && ", "}
          <Term id={id}>{label}</Term>
        </Fragment>
      ))}
      ?
    </p>
  );
}
