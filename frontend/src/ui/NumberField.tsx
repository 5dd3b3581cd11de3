import { type ReactNode, useState } from "react";
import type { WordId } from "../lib/glossary";
import { Field, styles } from "./ui";

interface NumberFieldProps {
  label: string;
  word?: WordId;
  note?: ReactNode;
  value: number;
  step?: number | "any";
  min?: number;
  onChange: (value: number) => void;
  children?: ReactNode;
}

/** A number; what is half typed ("−", nothing) stays in the field and changes nothing. */
export function NumberField(props: NumberFieldProps) {
  const { label, word, note, value, step = "any", min, onChange, children } = props;
  const [typed, setTyped] = useState<{ text: string; value: number } | null>(null);
  const text = typed?.value === value ? typed.text : String(value);
  return (
    <Field label={label} word={word} note={note}>
      <input
        type="number"
        className={styles.input}
        step={step}
        min={min}
        value={text}
        onChange={(event) => {
          const next = event.target.value === "" ? value : Number(event.target.value);
          setTyped({ text: event.target.value, value: next });
          if (next !== value) onChange(next);
        }}
        onBlur={() => setTyped(null)}
      />
      {children}
    </Field>
  );
}
