import { asApiError } from "../api/problem";
import { usePlan } from "../api/queries";
import type { RunSpec } from "../api/types";
import { count, roughly } from "../lib/format";
import { useDebounced } from "../lib/hooks";
import { toRun, useDraft } from "../state/draft";
import { same } from "../state/url";
import { forwardsOf, refusalOf } from "./cost";
import css from "./workbench.module.css";

const DEBOUNCE_MS = 300;

interface CostLineProps {
  /** Whether the draft can be asked about. */
  can: boolean;
  /** What was refused already, and is said elsewhere. */
  refused: unknown;
  /** What is missing, where a field further down says more. */
  waits: string | null;
  /** What a run that was asked for waits for. */
  says: string | null;
}

/** What a run of the draft would take, before it is run; then what it waits for. */
export function CostLine({ can, refused, waits, says }: CostLineProps) {
  const { draft } = useDraft();
  const settled = useDebounced(draft, DEBOUNCE_MS);
  const spec: RunSpec = toRun(settled);
  const asked = can && draft.prompt !== "" && settled.prompt !== "";
  const plan = usePlan(asked ? spec : null);
  const current = asked && same(spec, toRun(draft));
  const why = current && !refused && plan.error ? refusalOf(asApiError(plan.error)) : null;
  return (
    <p className={css.cost} role="status">
      {says}
      {!says && asked && plan.data && !plan.error && (
        <>
          <b>{count(plan.data.n_forwards, "forward")}</b>
          {plan.data.draws > 1 && ` in ${count(plan.data.draws, "draw")}`}
          {plan.data.estimate_s ? ` · about ${roughly(plan.data.estimate_s)}` : ""}
          <small>{forwardsOf(plan.data)}</small>
        </>
      )}
      {!says && waits && `Run waits for the source prompt: ${waits}`}
      {!says && why && `As it is, this would be refused: ${why}`}
    </p>
  );
}
