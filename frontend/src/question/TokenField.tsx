import type { ReactNode } from "react";
import { useTokens } from "../api/queries";
import type { TokenScore } from "../api/types";
import { visible } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { useDebounced } from "../lib/hooks";
import { useMessages } from "../state/messages";
import { Button, cx, Field, Notice, styles } from "../ui/ui";
import css from "./question.module.css";
import { checkToken } from "./tokenCheck";
import { tokenRef } from "./tokenRef";

interface TokenFieldProps {
  label: string;
  word: WordId;
  value: string | number;
  used: boolean;
  suggestions: readonly TokenScore[];
  onChange: (value: string | number) => void;
  children?: ReactNode;
}

/** A field for one token: shows its white space, and says when the text is not one token. */
export function TokenField(props: TokenFieldProps) {
  const { label, word, value, used, suggestions, onChange, children } = props;
  const text = typeof value === "string" ? value : null;
  const settled = useDebounced(text, 150);
  const tokens = useTokens(settled).data?.tokens;
  const spaced = useTokens(settled ? ` ${settled}` : null).data?.tokens;
  const isValue = (each: TokenScore) => each.token === text || each.id === value;
  const known = suggestions.some((each) => each.token === text);
  const check =
    text && text === settled && tokens && !known ? checkToken(text, tokens, spaced) : null;
  const other = suggestions.filter((each) => !isValue(each)).slice(0, 5);
  return (
    <div className={styles.field}>
      <Field
        label={label}
        word={word}
        note={text === null ? `token id ${value}` : value !== "" && visible(text)}
      >
        <input
          className={cx(styles.input, styles.mono)}
          value={value}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={used && check?.state === "several"}
          onChange={(event) => onChange(event.target.value)}
        />
        {check?.state !== "several" && children}
      </Field>
      {used && value === "" && <p className={styles.hint}>Which token? Write one.</p>}
      {used && check?.state === "several" && <Notice kind="warn">{check.says}</Notice>}
      {used && check?.state === "space" && (
        <Notice kind="warn">
          {check.says}{" "}
          <Button small onClick={() => onChange(check.better)}>
            Use {visible(check.better)}
          </Button>
        </Notice>
      )}
      {other.length > 0 && (
        <div className={css.suggest}>
          {other.map((each) => (
            <button
              type="button"
              key={each.id}
              className={css.suggestion}
              title={`Use ${visible(each.token)} (token id ${each.id})`}
              aria-label={`${label}: use ${visible(each.token)}`}
              onClick={() => tokenRef(each).then(onChange, useMessages.getState().report)}
            >
              {visible(each.token)}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
