import { Link } from "wouter";
import { useModel } from "../api/queries";
import { GLOSSARY } from "../lib/glossary";
import { useAside } from "../state/aside";
import { Button } from "../ui/ui";
import { LessonPanel } from "./LessonPanel";
import css from "./learn.module.css";
import { LESSON_TEXTS } from "./lessons";

/** A slim panel beside the view: a word of the glossary, or the task that is under way. */
export default function AsidePanel() {
  const { word, lesson, facts, set } = useAside();
  const info = useModel().data?.info;
  if (word) {
    const { term, plain, members } = GLOSSARY[word];
    return (
      <aside className={css.aside} aria-label="Glossary" data-word={word}>
        <header>
          <h2>{term}</h2>
          <Button
            look="quiet"
            icon="close"
            aria-label="Close"
            onClick={() => set({ word: null })}
          />
        </header>
        <p>{plain}</p>
        {members.length > 0 && (
          <dl className={css.members}>
            {members.map((id) => (
              <div key={id} data-word={id}>
                <dt>{GLOSSARY[id].term}</dt>
                <dd>{GLOSSARY[id].plain}</dd>
              </div>
            ))}
          </dl>
        )}
        <p>
          <Link href={`/learn/words/${word}`} onClick={() => set({ word: null })}>
            All words
          </Link>
        </p>
      </aside>
    );
  }
  if (!lesson || !facts) return null;
  const other = info && info.model_digest !== facts.digest;
  return (
    <aside className={css.aside} aria-label="Learn">
      <header>
        <h2>{LESSON_TEXTS[lesson].title}</h2>
        <Button
          look="quiet"
          icon="close"
          aria-label="Leave the task"
          onClick={() => set({ lesson: null })}
        />
      </header>
      {other ? (
        <p>
          Another model is loaded now, and this task was made for the one before.{" "}
          <Link href="/learn" onClick={() => set({ lesson: null, facts: null })}>
            Begin again
          </Link>
        </p>
      ) : (
        <LessonPanel lesson={lesson} facts={facts} />
      )}
    </aside>
  );
}
