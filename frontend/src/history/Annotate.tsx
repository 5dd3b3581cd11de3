import { useRef, useState } from "react";
import { Link } from "wouter";
import { useAnnotate } from "../api/queries";
import { Icon } from "../ui/Icon";
import { Button, cx, Field, styles } from "../ui/ui";
import css from "./annotate.module.css";
import { TagsField } from "./TagsField";

interface StarProps {
  id: string;
  starred: boolean;
  what: string;
}

export function Star({ id, starred, what }: StarProps) {
  const annotate = useAnnotate();
  return (
    <button
      type="button"
      className={cx(css.star, starred && css.on)}
      aria-pressed={starred}
      aria-label={`Star ${what}`}
      onClick={() => annotate.mutate({ id, starred: !starred })}
    >
      <Icon name="star" filled={starred} />
    </button>
  );
}

/** What records and lines of the history have in common. */
export interface Annotated {
  id: string;
  name?: string;
  notes?: string;
  tags?: readonly string[];
  starred?: boolean;
}

/** Beside a stored result: compare it, and what people write to it, outside its hash. */
export function Annotate({ record }: { record: Annotated }) {
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const written = record.notes || record.tags?.length;
  return (
    <span className={css.annotate}>
      {record.name && <span className={css.name}>{record.name}</span>}
      <Link className={cx(styles.button, styles.small, styles.quiet)} href={`/c?a=${record.id}`}>
        Compare
      </Link>
      <Button small look="quiet" ref={opener} aria-expanded={open} onClick={() => setOpen(!open)}>
        {written ? "Notes ●" : "Notes"}
      </Button>
      <Star id={record.id} starred={Boolean(record.starred)} what="this result" />
      {open && (
        <div className={css.notes}>
          <Notes key={record.id} record={record} onDone={close} />
        </div>
      )}
    </span>
  );
}

/** Name, notes and tags of a stored result, to be changed and saved. */
export function Notes({ record, onDone }: { record: Annotated; onDone: () => void }) {
  const [name, setName] = useState(record.name ?? "");
  const [notes, setNotes] = useState(record.notes ?? "");
  const [tags, setTags] = useState([...(record.tags ?? [])]);
  const annotate = useAnnotate();
  const save = () => annotate.mutate({ id: record.id, name, notes, tags }, { onSuccess: onDone });
  return (
    <div className={css.notesForm}>
      <Field label="Name">
        <input
          className={styles.input}
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <TagsField tags={tags} onChange={setTags} />
      <Field label="Notes">
        <textarea
          className={styles.input}
          rows={4}
          value={notes}
          onChange={(event) => setNotes(event.target.value)}
        />
      </Field>
      <span className={css.annotate}>
        <Button small onClick={onDone}>
          Close
        </Button>
        <Button small look="primary" disabled={annotate.isPending} onClick={save}>
          Save
        </Button>
      </span>
    </div>
  );
}
