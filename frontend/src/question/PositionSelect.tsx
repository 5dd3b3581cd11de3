import type { Token } from "../api/types";
import { visible } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { Field, styles } from "../ui/ui";

interface PositionSelectProps {
  label: string;
  word?: WordId;
  /** What null means, for what may be left open. */
  open?: string;
  value: number | null;
  tokens: readonly Token[];
  onChange: (value: number | null) => void;
}

/** One position of the prompt, chosen by its token; −1 stays the last, however long the prompt. */
export function PositionSelect({
  label,
  word,
  open,
  value,
  tokens,
  onChange,
}: PositionSelectProps) {
  const known = value === null || value === -1 || tokens.some((token) => token.index === value);
  return (
    <Field label={label} word={word}>
      <select
        className={styles.input}
        value={value ?? ""}
        onChange={(event) =>
          onChange(event.target.value === "" ? null : Number(event.target.value))
        }
      >
        {open !== undefined && <option value="">{open}</option>}
        <option value={-1}>the last token</option>
        {!known && <option value={value}>{value}</option>}
        {tokens.map((token) => (
          <option key={token.index} value={token.index}>
            {token.index} {visible(token.text)}
          </option>
        ))}
      </select>
    </Field>
  );
}
