import { useState } from "react";
import type { WordId } from "../lib/glossary";
import { parseIndices, showIndices } from "../lib/indices";
import { Fault } from "../question/Faults";
import { Term } from "../ui/Term";
import { cx, Segmented, styles } from "../ui/ui";
import type { AxisValue } from "./axes";
import css from "./explorer.module.css";

type Mode = "off" | "all" | "list";

interface AxisFieldProps {
  label: string;
  word: WordId;
  /** The field of a sweep's `over`. */
  field: string;
  value: AxisValue;
  onChange: (value: AxisValue) => void;
}

/** One axis of a sweep: not an axis, all of it, or a list. */
export function AxisField({ label, word, field, value, onChange }: AxisFieldProps) {
  const mode: Mode = value === null ? "off" : value === "all" ? "all" : "list";
  const kept = Array.isArray(value) ? showIndices(value) : "0-3";
  const [typed, setTyped] = useState<{ text: string; over: string } | null>(null);
  // What is typed stands as long as the list it began from; another list, of a link, replaces it.
  const text = typed?.over === kept ? typed.text : kept;
  const parsed = parseIndices(text);
  const choose = (next: Mode) => {
    if (next === "off") onChange(null);
    else if (next === "all") onChange("all");
    else if (parsed.ok && parsed.value.length) onChange(parsed.value);
  };
  return (
    <div className={css.axis}>
      <span className={styles.label}>
        <Term id={word}>{label}</Term>
      </span>
      <Segmented
        label={label}
        value={mode}
        options={[
          { value: "off", label: "at once", title: "Not an axis: all of them together" },
          { value: "all", label: "each", title: "One cell for each" },
          { value: "list", label: "some", title: "One cell for each of a list" },
        ]}
        onChange={choose}
      />
      {mode === "list" && (
        <input
          className={cx(styles.input, styles.mono)}
          aria-label={`${label}: which`}
          aria-invalid={!parsed.ok}
          value={text}
          onChange={(event) => setTyped({ text: event.target.value, over: kept })}
          onBlur={() => parsed.ok && parsed.value.length > 0 && onChange(parsed.value)}
        />
      )}
      <Fault at={`/${field}`} />
    </div>
  );
}
