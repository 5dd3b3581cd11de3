import { useState } from "react";
import { useLocation } from "wouter";
import { asApiError } from "../api/problem";
import { useMakeCapture } from "../captures/queries";
import { placeText } from "../lib/names";
import { useDraft } from "../state/draft";
import { Term } from "../ui/Term";
import { Button, Notice } from "../ui/ui";
import { captureOf } from "./captureOf";
import css from "./edits.module.css";

/** Stores what the chosen parts compute on this prompt, to be looked at or used elsewhere. */
export function KeepValues() {
  const [, go] = useLocation();
  const { draft } = useDraft();
  const make = useMakeCapture();
  const [edited, setEdited] = useState(false);
  const spec = captureOf(draft, edited);
  if (draft.edits.length === 0) return null;
  const error = make.error && asApiError(make.error);
  return (
    <details className={css.keep}>
      <summary>
        Keep the values of {spec.targets.map((target) => placeText(target, [])).join(", ")}
      </summary>
      <p className={css.note}>
        Stores the numbers (<Term id="activation">activations</Term>) that{" "}
        {spec.targets.length > 1 ? "these parts compute" : "this part computes"} on the prompt: to
        see their statistics, download them, or add them somewhere else (a{" "}
        <Term id="capture">capture</Term>).
      </p>
      <div className={css.arrange}>
        <Button
          small
          disabled={make.isPending || draft.prompt === ""}
          onClick={() => make.mutate(spec, { onSuccess: ({ id }) => go(`/a/${id}`) })}
        >
          {make.isPending ? "Keeping…" : "Keep values"}
        </Button>
        <label className={css.check}>
          <input
            type="checkbox"
            checked={edited}
            onChange={(event) => setEdited(event.target.checked)}
          />
          with the edits applied
        </label>
      </div>
      {error && !error.gone && (
        <Notice kind="warn">
          {error.message} {error.problem.hint}
        </Notice>
      )}
    </details>
  );
}
