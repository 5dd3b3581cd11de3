import { type ReactNode, useId, useState } from "react";
import { asApiError } from "../api/problem";
import { useTokens } from "../api/queries";
import type { Prompt, Token } from "../api/types";
import { count } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { useDebounced } from "../lib/hooks";
import { Term } from "../ui/Term";
import { Button, cx, Notice, styles } from "../ui/ui";
import css from "./question.module.css";
import { TokenChips } from "./TokenChips";

const DEBOUNCE_MS = 150;

interface PromptFieldProps {
  label: string;
  word: WordId;
  prompt: Prompt;
  onChange: (prompt: Prompt) => void;
  chosen?: readonly number[] | null;
  onToggle?: (index: number) => void;
  differs?: ReadonlySet<number>;
  readPosition?: number;
  /** What was refused of it. */
  children?: ReactNode;
}

/** A prompt with the tokens that the server makes of it. */
export function PromptField({
  label,
  word,
  prompt,
  onChange,
  readPosition,
  children,
  ...chips
}: PromptFieldProps) {
  const settled = useDebounced(prompt, DEBOUNCE_MS);
  const { data, error } = useTokens(settled);
  const id = useId();
  const [ids, setIds] = useState(false);
  const n = data?.n_tokens;
  const read = readPosition !== undefined && n ? (readPosition + n) % n : undefined;
  return (
    <div className={styles.field}>
      <div className={styles.label}>
        {typeof prompt === "string" ? (
          <label htmlFor={id}>
            <Term id={word}>{label}</Term>
          </label>
        ) : (
          <span>
            <Term id={word}>{label}</Term>, given as <Term id="token_id">token ids</Term>
          </span>
        )}
        <span className={css.about}>
          {prompt !== "" && n !== undefined && (
            <small>
              <Term id="token">{count(n, "token")}</Term>
            </small>
          )}
          {ids && <Term id="token_id" of="a token id" />}
          {n !== undefined && (
            <button
              type="button"
              className={css.ids}
              aria-pressed={ids}
              aria-label={`Token ids of: ${label}`}
              title="Show each token’s number in the vocabulary"
              onClick={() => setIds(!ids)}
            >
              ids
            </button>
          )}
        </span>
      </div>
      {typeof prompt === "string" ? (
        <textarea
          id={id}
          className={cx(styles.input, css.prompt)}
          rows={2}
          value={prompt}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <div>
          <Button small onClick={() => onChange(textOf(data?.tokens))}>
            Edit as text
          </Button>
        </div>
      )}
      {prompt === "" && <p className={styles.hint}>Write a text that this model can read.</p>}
      {error && prompt !== "" && !asApiError(error).gone && (
        <Notice kind="warn">{asApiError(error).message}</Notice>
      )}
      {data && prompt !== "" && (
        <TokenChips
          label={`Tokens of: ${label}`}
          tokens={data.tokens}
          readPosition={read}
          ids={ids}
          {...chips}
        />
      )}
      {!error && !(data?.context && data.n_tokens > data.context) && children}
      {data?.context && data.n_tokens > data.context && (
        <Notice kind="bad">
          {count(data.n_tokens, "token")}: this model reads at most {data.context}.
        </Notice>
      )}
    </div>
  );
}

function textOf(tokens: readonly Token[] | undefined): string {
  return (tokens ?? [])
    .filter((token) => !token.special)
    .map((token) => token.text)
    .join("");
}
