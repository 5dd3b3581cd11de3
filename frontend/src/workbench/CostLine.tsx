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
}

/** What a run of the draft would take, before it is run. */
export function CostLine({ can, refused, waits }: CostLineProps) {
  const { draft } = useDraft();
  const settled = useDebounced(draft, DEBOUNCE_MS);
  const spec: RunSpec = toRun(settled);
  const asked = can && draft.prompt !== "" && settled.prompt !== "";
  const plan = usePlan(asked ? spec : null);
  const current = asked && same(spec, toRun(draft));
  const why = current && !refused && plan.error ? refusalOf(asApiError(plan.error)) : null;
  return (
    <p className={css.cost} role="status">
      {asked && plan.data && !plan.error && (
        <>
          <b>{count(plan.data.n_forwards, "forward")}</b>
          {plan.data.draws > 1 && ` in ${count(plan.data.draws, "draw")}`}
          {plan.data.estimate_s ? ` · about ${roughly(plan.data.estimate_s)}` : ""}
          <small>{forwardsOf(plan.data)}</small>
        </>
      )}
      {waits && `Run waits for the source prompt: ${waits}`}
      {why && `As it is, this would be refused: ${why}`}
    </p>
  );
}
