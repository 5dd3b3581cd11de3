import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useHistory } from "../api/history";
import { when } from "../lib/format";
import { useDebounced } from "../lib/hooks";
import { forgetSweep } from "../state/last";
import { Term } from "../ui/Term";
import { Button, Field, styles } from "../ui/ui";
import css from "./compare.module.css";

interface PickerProps {
  side: "a" | "b";
  /** Only this kind can be compared with the other side. */
  kind: "run" | "sweep" | null;
  except: string | null;
  onPick: (id: string) => void;
}

/** A stored result to put on one side. */
export function Picker({ side, kind, except, onPick }: PickerProps) {
  const [text, setText] = useState("");
  const q = useDebounced(text, 150);
  const list = useHistory({ ...(q && { q }), ...(kind && { kind }) });
  // What was picked is gone from the list: keys go on with the other side.
  const search = useRef<HTMLInputElement>(null);
  const last = useRef(side);
  useEffect(() => {
    if (last.current !== side) search.current?.focus();
    last.current = side;
  }, [side]);
  const items = (list.data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((item) => item.id !== except);
  return (
    <div className={css.picker}>
      <p>
        Choose {side.toUpperCase()}: the{" "}
        <Term id={kind ?? "experiment"}>{kind ?? "run or sweep"}</Term>{" "}
        {side === "b" ? (
          <>
            to set beside A. <Term id="difference">B − A</Term> is shown then.
          </>
        ) : (
          "to begin with."
        )}
      </p>
      <Field label="Search">
        <input
          ref={search}
          type="search"
          className={styles.input}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      {list.data && items.length === 0 && (
        <p className={css.note}>
          Nothing {kind ? `else of this kind (${kind}) ` : ""}is stored{text ? " that fits" : ""}.{" "}
          <Link href={kind === "sweep" ? "/s" : "/w"} onClick={forgetSweep}>
            Run one
          </Link>{" "}
          first.
        </p>
      )}
      <ul className={css.choices} aria-label="Stored results">
        {items.map((item) => (
          <li key={item.id}>
            <button type="button" onClick={() => onPick(item.id)}>
              <b>{item.name || item.title}</b> <span>“{item.prompt}”</span>
              <small>
                {item.kind} · {item.model_id} · {when(item.created_at)}
              </small>
            </button>
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <Button small onClick={() => list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </div>
  );
}
