import { useRun, useTokens } from "../api/queries";
import type { MetricKind, TokenScore } from "../api/types";
import { METRICS } from "../lib/words";
import { useDraft } from "../state/draft";
import { hasKind, replaceToken, toggleKind, withPosition } from "../state/metrics";
import { Term } from "../ui/Term";
import { Button, styles } from "../ui/ui";
import { PositionSelect } from "./PositionSelect";
import css from "./question.module.css";
import { TokenField } from "./TokenField";

const KINDS = Object.keys(METRICS) as MetricKind[];

interface MetricPickerProps {
  /** Whether a patch is asked: only then has "recovered" a meaning. */
  patching: boolean;
  /** The clean run's top tokens, if this prompt's are known. */
  top: readonly TokenScore[];
}

/** What is measured: metrics, and the answer and foil that they look at. */
export function MetricPicker({ patching, top }: MetricPickerProps) {
  const { draft, change } = useDraft();
  const { metrics, answer, foil } = draft;
  const clean = useRun();
  const suggestions =
    clean.data && clean.variables?.prompt === draft.prompt
      ? (clean.data.result as { clean: { top: TokenScore[] } }).clean.top
      : top;
  const tokens = useTokens(draft.prompt).data?.tokens ?? [];
  const placed = metrics.some((metric) => typeof metric.position === "number");
  const foilUsed = hasKind(metrics, "logit_diff") || hasKind(metrics, "recovered");
  const answerUsed = metrics.some((metric) => METRICS[metric.kind ?? "kl"].needs !== "");

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
          const reason = on ? null : why(kind);
          return (
            <li key={kind}>
              <button
                type="button"
                className={css.metric}
                aria-pressed={on}
                disabled={reason !== null}
                title={reason ? `${METRICS[kind].hint}. ${reason}.` : METRICS[kind].hint}
                onClick={() => change({ metrics: toggleKind(metrics, kind, answer, foil) })}
              >
                {METRICS[kind].label}
              </button>
            </li>
          );
        })}
      </ul>
      <div className={css.pair}>
        <TokenField
          label="Answer"
          word="answer"
          value={answer}
          used={answerUsed}
          suggestions={suggestions}
          onChange={(value) =>
            change({ answer: value, metrics: replaceToken(metrics, answer, value) })
          }
        />
        <TokenField
          label="Foil"
          word="foil"
          value={foil}
          used={foilUsed}
          suggestions={suggestions}
          onChange={(value) => change({ foil: value, metrics: replaceToken(metrics, foil, value) })}
        />
      </div>
      {answer === "" && (
        <p className={styles.hint}>
          No answer is chosen. Ask the model, then choose one of its{" "}
          <Term id="top_token">top tokens</Term>; or write a token of its vocabulary.
        </p>
      )}
      <div className={css.reading}>
        <PositionSelect
          label="Read the prediction after"
          word="read_position"
          value={draft.readPosition}
          tokens={tokens}
          onChange={(position) => change({ readPosition: position ?? -1 })}
        />
        {suggestions.length === 0 && (
          <Button
            small
            disabled={clean.isPending || draft.prompt === ""}
            title="A run without an edit: its top tokens become suggestions"
            onClick={() =>
              clean.mutate({
                prompt: draft.prompt,
                metrics: [{ kind: "kl" }],
                read_position: draft.readPosition,
              })
            }
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
