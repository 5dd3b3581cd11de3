import { Link } from "wouter";
import type { RunRecord } from "../api/types";
import { when } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { Term } from "../ui/Term";
import { Button, cx, styles } from "../ui/ui";
import css from "./compare.module.css";
import { whatDiffers, whatWasDone } from "./describe";

interface SidesProps {
  a: RunRecord | null;
  b: RunRecord | null;
  onLeave: (side: "a" | "b") => void;
}

/** What the lines of a comparison speak of. */
const WORDS: Record<string, WordId> = {
  Prompt: "prompt",
  Edit: "edit",
  "Source prompt": "source",
  "Held edits": "held",
  "Read at position": "read_position",
  Model: "digest",
  Precision: "dtype",
  Attention: "attention_kind",
};

/** What A and B are, and in what their questions differ. */
export function Sides({ a, b, onLeave }: SidesProps) {
  const differs = a && b ? whatDiffers(a.result, b.result) : null;
  return (
    <>
      <div className={css.sides}>
        <Side name="A" record={a} onLeave={() => onLeave("a")} />
        <Side name="B" record={b} onLeave={() => onLeave("b")} />
      </div>
      {differs?.length === 0 && (
        <p className={css.note}>Both ask the same. What differs below is how it came out.</p>
      )}
      {differs && differs.length > 0 && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label="What differs">
          <table className={cx(styles.table, css.differs)}>
            <thead>
              <tr>
                <th scope="col">What differs</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
              </tr>
            </thead>
            <tbody>
              {differs.map(({ what, a: left, b: right }) => (
                <tr key={what}>
                  <th scope="row">
                    <Term id={WORDS[what]!}>{what}</Term>
                  </th>
                  <td>{left}</td>
                  <td>{right}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Side({
  name,
  record,
  onLeave,
}: {
  name: "A" | "B";
  record: RunRecord | null;
  onLeave: () => void;
}) {
  if (!record) {
    return (
      <div className={css.side} data-side={name}>
        <b className={css.letter}>{name}</b>
        <span className={css.note}>not chosen</span>
      </div>
    );
  }
  const { result } = record;
  return (
    <section className={css.side} data-side={name} aria-label={`Side ${name}`}>
      <b className={css.letter}>{name}</b>
      <div>
        <Link href={`/${result.kind === "sweep" ? "s" : "e"}/${record.id}`}>
          {record.name || whatWasDone(result)}
        </Link>
        <p>“{typeof result.spec.prompt === "string" ? result.spec.prompt : "token ids"}”</p>
        <p className={css.note}>
          {result.kind} · {result.model.id} · {when(record.created_at)}
        </p>
      </div>
      <Button small look="quiet" onClick={onLeave} aria-label={`Change ${name}`}>
        Change
      </Button>
    </section>
  );
}
