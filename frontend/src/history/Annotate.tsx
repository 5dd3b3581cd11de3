import { useState } from "react";
import { useAnnotate } from "../api/queries";

import { Icon } from "../ui/Icon";
import { Button, cx, Field, styles } from "../ui/ui";
import css from "./history.module.css";

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
  starred?: boolean;
}

/** Star, name and notes of a stored result: what people write beside it, outside its hash. */
export function Annotate({ record }: { record: Annotated }) {
  const [open, setOpen] = useState(false);
  return (
    <span className={css.annotate}>
      {record.name && <span className={css.name}>{record.name}</span>}
      <Button small look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        {record.notes ? "Notes ●" : "Notes"}
      </Button>
      <Star id={record.id} starred={Boolean(record.starred)} what="this result" />
      {open && <Notes key={record.id} record={record} onDone={() => setOpen(false)} />}
    </span>
  );
}

function Notes({ record, onDone }: { record: Annotated; onDone: () => void }) {
  const [name, setName] = useState(record.name ?? "");
  const [notes, setNotes] = useState(record.notes ?? "");
  const annotate = useAnnotate();
  const save = () => annotate.mutate({ id: record.id, name, notes }, { onSuccess: onDone });
  return (
    <div className={css.notes}>
      <Field label="Name">
        <input
          className={styles.input}
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
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
