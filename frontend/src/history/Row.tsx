import { useRef, useState } from "react";
import { Link } from "wouter";
import { useExport } from "../api/history";
import { useVerify } from "../api/jobs";
import { useDelete } from "../api/queries";
import type { Summary } from "../api/types";
import { visible, when } from "../lib/format";
import { Term } from "../ui/Term";
import { Button, cx, Notice } from "../ui/ui";
import { Notes, Star } from "./Annotate";
import notes from "./annotate.module.css";
import css from "./history.module.css";
import { verifyWords } from "./verifyWords";

interface RowProps {
  item: Summary;
  chosen: boolean;
  onChoose: (chosen: boolean) => void;
  onTag: (tag: string) => void;
}

/** A line of the history; what can be done with it unfolds below. */
export function Row({ item, chosen, onChoose, onTag }: RowProps) {
  const [open, setOpen] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const what = item.name || item.title;
  const close = () => {
    setOpen(false);
    // Keys go on where the form was opened.
    more.current?.focus();
  };
  return (
    <li className={css.row} data-open={open || undefined}>
      <input
        type="checkbox"
        className={css.check}
        aria-label={`Select ${what}`}
        checked={chosen}
        onChange={(event) => onChoose(event.target.checked)}
      />
      <Star id={item.id} starred={Boolean(item.starred)} what={what} />
      <div className={css.body}>
        <Link href={`/${item.kind === "run" ? "e" : "s"}/${item.id}`} className={css.open}>
          <span className={css.titleLine}>
            <span className={css.kind} data-kind={item.kind}>
              {item.kind}
            </span>
            <b>{what}</b>
            {item.state !== "complete" && (
              <span className={css.state}>{item.state.replaceAll("_", " ")}</span>
            )}
          </span>
          <span className={css.prompt}>“{visible(item.prompt).replaceAll("␣", " ")}”</span>
          <span className={css.headline}>{item.headline}</span>
          {item.notes && <span className={css.noteText}>{item.notes}</span>}
        </Link>
        {Boolean(item.tags?.length) && (
          <ul className={cx(css.rowTags, notes.tags)} aria-label="Tags">
            {item.tags!.map((tag) => (
              <li key={tag}>
                <button
                  type="button"
                  className={notes.tag}
                  title={`Show what is tagged ${tag}`}
                  onClick={() => onTag(tag)}
                >
                  {tag}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      <span className={css.meta}>
        <span>{item.model_id}</span>
        <time dateTime={item.created_at} title={item.created_at}>
          {when(item.created_at)}
        </time>
      </span>
      <Button
        small
        look="quiet"
        ref={more}
        aria-expanded={open}
        aria-label={`${open ? "Less" : "More"} about ${what}`}
        onClick={() => setOpen(!open)}
      >
        {open ? "Less" : "More"}
      </Button>
      {open && <Details item={item} onDone={close} />}
    </li>
  );
}

function Details({ item, onDone }: { item: Summary; onDone: () => void }) {
  const verify = useVerify();
  const save = useExport();
  const said = verify.data ? verifyWords(verify.data) : null;
  return (
    <div className={css.details}>
      <Notes record={item} onDone={onDone} />
      <div className={css.doings}>
        <p>
          <Button small disabled={verify.isPending} onClick={() => verify.mutate(item.id)}>
            {verify.isPending ? "Running it again…" : "Verify"}
          </Button>{" "}
          Runs it once more and says whether the same numbers come out (
          <Term id="verify">verify</Term>).
        </p>
        {said && (
          <div role="status">
            <Notice kind={said.kind}>
              {said.says} {said.details.join(" ")}
            </Notice>
          </div>
        )}
        <p>
          <Button small disabled={save.isPending} onClick={() => save.mutate([item.id])}>
            Export
          </Button>{" "}
          Saves it as a file that another machine can open (a <Term id="bundle">bundle</Term>).
        </p>
        <p>
          <Link href={`/c?a=${item.id}`}>Compare it</Link> with another {item.kind}.
        </p>
        <Delete item={item} />
      </div>
    </div>
  );
}

function Delete({ item }: { item: Summary }) {
  const remove = useDelete();
  const [sure, setSure] = useState(false);
  return (
    <p>
      {sure ? (
        <Button
          small
          className={css.delete}
          onClick={() => remove.mutate(item.id)}
          onBlur={() => setSure(false)}
          autoFocus
        >
          Delete for good
        </Button>
      ) : (
        <Button small icon="trash" onClick={() => setSure(true)}>
          Delete
        </Button>
      )}{" "}
      The result is gone then; its address says so.
    </p>
  );
}
