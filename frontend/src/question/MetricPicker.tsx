import { useTokens } from "../api/queries";
import type { MetricKind, Op, TokenScore } from "../api/types";
import { METRICS } from "../lib/words";
import { useDraft } from "../state/draft";
import { hasKind, hasSource, replaceToken, toggleKind, withPosition } from "../state/metrics";
import { sourceIn } from "../state/sources";
import { same } from "../state/url";
import { Term } from "../ui/Term";
import { Button, styles } from "../ui/ui";
import { AnswerNote } from "./AnswerNote";
import { MetricFault } from "./Faults";
import { staleIn, useFollow } from "./follow";
import { PositionSelect } from "./PositionSelect";
import css from "./question.module.css";
import { TokenField } from "./TokenField";

const KINDS = Object.keys(METRICS) as MetricKind[];

interface MetricPickerProps {
  /** What is done: "recovered" has a meaning with a patch alone. */
  ops: readonly Op[];
  /** The clean run's top tokens, if this prompt's are known. */
  top: readonly TokenScore[];
}

/** What is measured: metrics, and the answer and foil that they look at. */
export function MetricPicker({ ops, top }: MetricPickerProps) {
  const { draft, change } = useDraft();
  const { metrics, answer, foil } = draft;
  const patching = hasSource(ops);
  const follow = useFollow();
  const asked = follow.variables?.draft;
  const suggestions =
    follow.data && same(asked?.prompt, draft.prompt) && asked?.readPosition === draft.readPosition
      ? follow.data
      : top;
  const ask = () => follow.mutate({ draft, ops });
  const tokens = useTokens(draft.prompt).data?.tokens ?? [];
  const placed = metrics.some((metric) => typeof metric.position === "number");
  const foilUsed = hasKind(metrics, "logit_diff") || hasKind(metrics, "recovered");
  const waits = hasKind(metrics, "recovered") && !patching;
  const answerUsed = metrics.some((metric) => METRICS[metric.kind ?? "kl"].needs !== "");

  const byHand = {
    answerFor: draft.prompt,
    foilFor: sourceIn(ops),
    answerBy: "hand" as const,
  };

  const why = (kind: MetricKind): string | null => {
    if (kind === "recovered" && !patching) return "Needs a patch";
    if (METRICS[kind].needs !== "" && answer === "") return "Needs an answer";
    if (METRICS[kind].needs === "foil" && foil === "") return "Needs a foil";
    return null;
  };

  return (
    <div className={styles.field}>
      <div className={styles.label} id="metrics-label">
        <Term id="metric">Measure</Term>
      </div>
      <ul className={css.metrics} aria-labelledby="metrics-label">
        {KINDS.map((kind) => {
          const on = hasKind(metrics, kind);
          const reason = on && kind !== "recovered" ? null : why(kind);
          return (
            <li key={kind}>
              <button
                type="button"
                className={css.metric}
                aria-pressed={on}
                disabled={reason !== null && !on}
                data-waits={reason !== null && on ? true : undefined}
                title={reason ? `${METRICS[kind].hint}. ${reason}.` : METRICS[kind].hint}
                onClick={() => change({ metrics: toggleKind(metrics, kind, answer, foil) })}
              >
                {METRICS[kind].label}
              </button>
            </li>
          );
        })}
      </ul>
      {waits && (
        <p className={styles.label}>
          <small>
            Recovered waits: it compares with a source prompt, and no edit has one. Runs leave it
            out until an edit is a patch.
          </small>
        </p>
      )}
      <div className={css.pair}>
        <TokenField
          label="Answer"
          word="answer"
          value={answer}
          used={answerUsed}
          suggestions={suggestions}
          onChange={(value) =>
            change({ ...byHand, answer: value, metrics: replaceToken(metrics, answer, value) })
          }
        >
          <MetricFault of="answer" />
        </TokenField>
        <TokenField
          label="Foil"
          word="foil"
          value={foil}
          used={foilUsed}
          suggestions={suggestions}
          onChange={(value) =>
            change({ ...byHand, foil: value, metrics: replaceToken(metrics, foil, value) })
          }
        >
          <MetricFault of="foil" />
        </TokenField>
      </div>
      {answerUsed && (
        <AnswerNote
          top={suggestions}
          ops={ops}
          onAsk={ask}
          asking={follow.isPending}
          foilUsed={foilUsed}
        />
      )}
      {answer === "" && (
        <p className={styles.hint}>
          No answer is chosen. Choose one of the model's <Term id="top_token">top tokens</Term>, or
          write a token of its vocabulary.
        </p>
      )}
      <MetricFault of={null} />
      <div className={css.reading}>
        <PositionSelect
          label="Read the prediction after"
          word="read_position"
          value={draft.readPosition}
          tokens={tokens}
          onChange={(position) => change({ readPosition: position ?? -1 })}
        />
        {suggestions.length === 0 && !(answerUsed && staleIn(draft, ops)) && (
          <Button
            small
            disabled={follow.isPending || draft.prompt === ""}
            title="Its first tokens become the answer and the foil"
            onClick={ask}
          >
            Ask the model for its answers
          </Button>
        )}
      </div>
      {tokens.length > 1 && (
        <details className={css.elsewhere} open={placed || undefined}>
          <summary>Measure after another token</summary>
          <div className={css.pair}>
            {metrics.map((metric, index) => (
              <PositionSelect
                // biome-ignore lint/suspicious/noArrayIndexKey: a kind may be measured twice
                key={index}
                label={METRICS[metric.kind ?? "kl"].label}
                open="as above"
                value={metric.position ?? null}
                tokens={tokens}
                onChange={(position) => change({ metrics: withPosition(metrics, index, position) })}
              />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}
