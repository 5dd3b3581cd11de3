import type { Token } from "../api/types";
import { visible } from "../lib/format";
import { cx } from "../ui/ui";
import css from "./question.module.css";

interface TokenChipsProps {
  label: string;
  tokens: readonly Token[];
  /** Positions that are chosen; null means all of them. */
  chosen?: readonly number[] | null;
  /** Positions that differ from another prompt. */
  differs?: ReadonlySet<number>;
  readPosition?: number;
  /** Whether each token's id is shown beside its position. */
  ids?: boolean;
  onToggle?: (index: number) => void;
}

/** Tokens as the model's tokenizer cuts them; a click chooses a position. */
export function TokenChips({
  label,
  tokens,
  chosen,
  differs,
  readPosition,
  ids,
  onToggle,
}: TokenChipsProps) {
  return (
    <ol className={css.chips} aria-label={label}>
      {tokens.map((token) => {
        const on = chosen?.includes(token.index);
        const body = (
          <>
            <span className={css.chipText}>{visible(token.text) || "∅"}</span>
            <span className={css.chipIndex}>
              {token.index}
              {ids && ` #${token.id}`}
            </span>
          </>
        );
        const look = cx(
          css.chip,
          token.special && css.special,
          differs?.has(token.index) && css.differs,
          on && css.chosen,
          readPosition === token.index && css.read,
        );
        const title = `Position ${token.index} · id ${token.id}${token.special ? " · special token" : ""}${
          readPosition === token.index ? " · the prediction is read here" : ""
        }`;
        return (
          <li key={token.index}>
            {onToggle ? (
              <button
                type="button"
                className={look}
                title={title}
                aria-pressed={Boolean(on)}
                onClick={() => onToggle(token.index)}
              >
                {body}
              </button>
            ) : (
              <span className={look} title={title}>
                {body}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
