import type { Op, TokenScore } from "../api/types";
import { percent, visible } from "../lib/format";
import { tokenName } from "../lib/names";
import { useDraft } from "../state/draft";
import { Button, Notice } from "../ui/ui";
import { answerShare, type Share } from "./answerShare";
import { staleIn } from "./follow";
import css from "./question.module.css";

/** "0.3 %", "at most 0.3 %", "< 0.01 %". */
function shareWords({ prob, atMost }: Share): string {
  const said = percent(prob);
  return atMost && !said.startsWith("<") ? `at most ${said}` : said;
}

interface AnswerNoteProps {
  /** The clean run's first tokens, where they are known. */
  top: readonly TokenScore[];
  ops: readonly Op[];
  foilUsed: boolean;
  asking: boolean;
  onAsk: () => void;
}

/** Where answer and foil come from, and whether they are what the model would say. */
export function AnswerNote({ top, ops, foilUsed, asking, onAsk }: AnswerNoteProps) {
  const { draft, change } = useDraft();
  const { answer, foil, answerBy } = draft;
  const name = tokenName(answer);
  const pin = () => change({ answerBy: "pin", answerFor: draft.prompt });

  const stale = staleIn(draft, ops);
  if (stale) {
    const kept = stale === "foil" ? tokenName(foil) : name;
    return (
      <Notice kind="warn">
        {kept} was chosen for another {stale === "foil" && "source "}prompt: a run lets it follow
        what the model says.{" "}
        <Button small disabled={asking} onClick={onAsk}>
          {asking ? "Asking…" : "Ask the model now"}
        </Button>{" "}
        <Button small onClick={pin}>
          Keep {kept}
        </Button>
      </Notice>
    );
  }
  const share = answerShare(answer, top);
  if (share?.low) {
    return (
      <Notice kind="warn">
        {name} has {shareWords(share)} here; the model says {visible(top[0]!.token)}.{" "}
        <Button small disabled={asking} onClick={onAsk}>
          Follow {visible(top[0]!.token)}
        </Button>
      </Notice>
    );
  }
  if (answerBy === "model") {
    return (
      <p className={css.follows}>
        Follows the model: {name}
        {foilUsed && `, foil ${tokenName(foil)}`}
        <Button small title="Keep these, whatever the prompt" onClick={pin}>
          Pin
        </Button>
      </p>
    );
  }
  if (answerBy === "pin") {
    return (
      <p className={css.follows}>
        {name} is kept, whatever the prompt.
        <Button small disabled={asking} onClick={onAsk}>
          Let it follow
        </Button>
      </p>
    );
  }
  return null;
}
