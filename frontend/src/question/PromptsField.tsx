import type { ReactNode } from "react";
import type { Prompt } from "../api/types";
import type { WordId } from "../lib/glossary";
import { Field, styles } from "../ui/ui";

interface PromptsFieldProps {
  label: string;
  word?: WordId;
  note?: string;
  prompts: readonly Prompt[];
  rows?: number;
  onChange: (prompts: Prompt[]) => void;
  children?: ReactNode;
}

/** Several prompts, one on each line. Prompts given as token ids are shown, and kept as they are. */
export function PromptsField(props: PromptsFieldProps) {
  const { label, word, note, prompts, rows = 4, onChange, children } = props;
  const ids = prompts.some((prompt) => typeof prompt !== "string");
  return (
    <Field
      label={label}
      word={word}
      note={ids ? "given as token ids" : ["one on each line", note].filter(Boolean).join(", ")}
    >
      <textarea
        className={styles.input}
        rows={rows}
        spellCheck={false}
        readOnly={ids}
        value={prompts.map(String).join("\n")}
        onChange={(event) => onChange(event.target.value.split("\n"))}
      />
      {children}
    </Field>
  );
}
