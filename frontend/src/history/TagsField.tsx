import { type KeyboardEvent, useState } from "react";
import { Icon } from "../ui/Icon";
import { Field, styles } from "../ui/ui";
import css from "./annotate.module.css";

const LONGEST = 50;

/** Tags as chips; Enter or a comma adds what is written. */
export function TagsField({
  tags,
  onChange,
}: {
  tags: readonly string[];
  onChange: (tags: string[]) => void;
}) {
  const [text, setText] = useState("");
  const add = () => {
    const tag = text.trim().slice(0, LONGEST);
    if (tag && !tags.includes(tag)) onChange([...tags, tag]);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== ",") return;
    event.preventDefault();
    add();
  };
  return (
    <div className={styles.field}>
      <Field label="Tags" note="Enter adds one">
        <input
          className={styles.input}
          value={text}
          maxLength={LONGEST}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={add}
        />
      </Field>
      {tags.length > 0 && (
        <ul className={css.tags} aria-label="Tags">
          {tags.map((tag) => (
            <li key={tag} className={css.tag}>
              {tag}
              <button
                type="button"
                aria-label={`Remove the tag ${tag}`}
                onClick={() => onChange(tags.filter((each) => each !== tag))}
              >
                <Icon name="close" size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
