import { asApiError } from "../api/problem";
import { usePlan } from "../api/queries";
import type { ModelInfo, TokenScore } from "../api/types";
import { count, roughly } from "../lib/format";
import { useDebounced } from "../lib/hooks";
import { axisWord } from "../lib/words";
import { Fault, FaultScope } from "../question/Faults";
import { inWords } from "../question/faultAt";
import { HeldEdits } from "../question/HeldEdits";
import { MetricPicker } from "../question/MetricPicker";
import { OpFields } from "../question/OpFields";
import { PromptField } from "../question/PromptField";
import { UndoButtons } from "../question/UndoButtons";
import { toSweep, useDraft } from "../state/draft";
import { useExample } from "../state/example";
import { same } from "../state/url";
import { Term } from "../ui/Term";
import { Button, Notice, Panel, styles } from "../ui/ui";
import { AxisField } from "./AxisField";
import { AXES, allowedAxes, withAxis } from "./axes";
import css from "./explorer.module.css";
import { presetsFor } from "./presets";
import { SitePicker } from "./SitePicker";

interface SweepFormProps {
  info: ModelInfo;
  top: readonly TokenScore[];
  running: boolean;
  /** What the start waits for: answers that follow the model are asked for first. */
  says: string | null;
  error: unknown;
  onRun: () => void;
  onCancel: (() => void) | null;
}

/** What is swept: the same edit at every combination of the axes. */
export function SweepForm(props: SweepFormProps) {
  const { info, top, running, says, error, onRun, onCancel } = props;
  const { draft, change } = useDraft();
  const { over } = draft;
  const example = useExample();
  const spec = toSweep(draft);
  const settled = toSweep(useDebounced(draft, 300));
  const plan = usePlan(draft.prompt === "" ? null : settled);
  // The plan that is shown may be of what was asked a moment ago; its error is of this.
  const refused = same(settled, spec) ? (plan.error ?? error) : null;

  const isAtField = /^\/(op|over|metrics)(\/|$)/.test(asApiError(refused).problem.pointer ?? "");

  return (
    <Panel
      title="Sweep"
      word="sweep"
      actions={
        <UndoButtons>
          {onCancel && (
            <Button onClick={onCancel} title="Ask no more; no sweep begins (key .)">
              Cancel
            </Button>
          )}
          <Button
            look="primary"
            disabled={running || draft.prompt === ""}
            onClick={onRun}
            title="Run the sweep (key r)"
          >
            {running ? "Starting…" : "Run sweep"} <span className={styles.kbd}>r</span>
          </Button>
        </UndoButtons>
      }
    >
      <ul className={css.presets} aria-label="Questions to begin with">
        {presetsFor(info, example).map((preset) => {
          const next = preset.apply(draft);
          const on = same(next.over, over) && next.op?.kind === draft.op.kind;
          return (
            <li key={preset.id}>
              <button
                type="button"
                className={css.preset}
                aria-pressed={on}
                onClick={() => change(next)}
              >
                <b>{preset.label}</b>
                <span>{preset.says}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <PromptField
        label="Prompt"
        word="prompt"
        prompt={draft.prompt}
        onChange={(prompt) => change({ prompt })}
        readPosition={draft.readPosition}
      />
      <FaultScope error={refused} base="/op">
        <OpFields
          op={draft.op}
          prompt={draft.prompt}
          answer={draft.answer}
          onChange={(op) => change({ op })}
        />
      </FaultScope>
      <HeldEdits />
      <SitePicker info={info} over={over} onChange={(next) => change({ over: next })} />
      <FaultScope error={refused} base="/over">
        <div className={css.axes}>
          <span className={styles.label}>
            <Term id="axis">Axes</Term>
          </span>
          {AXES.filter(({ field }) => allowedAxes(over.sites).includes(field)).map(
            ({ field, axis, label }) => (
              <AxisField
                key={field}
                label={axisWord(axis, over.sites) === "kv_head" ? "Key-value heads" : label}
                word={axisWord(axis, over.sites)}
                field={field}
                value={over[field] ?? null}
                onChange={(value) => change({ over: withAxis(over, field, value) })}
              />
            ),
          )}
        </div>
        <Fault at="" exact />
        <Fault at="/sites" />
      </FaultScope>
      <FaultScope error={refused} base="">
        <MetricPicker ops={[draft.op]} top={top} />
      </FaultScope>
      <p className={css.cost} role="status">
        {says}
        {!says && plan.data && !plan.error && draft.prompt !== "" && (
          <>
            <b>
              <Term id="cell">{count(plan.data.n_cells, "cell")}</Term>
            </b>{" "}
            · <Term id="forward">{count(plan.data.n_forwards, "forward")}</Term>
            {plan.data.estimate_s ? ` · about ${roughly(plan.data.estimate_s)}` : ""}
            {` · ${plan.data.dims.map((dim) => count(plan.data!.coords[dim]?.length ?? 1, dim)).join(" × ")}`}
          </>
        )}
      </p>
      {plan.error && !isAtField && !asApiError(plan.error).gone && (
        <Notice kind="warn">{inWords(asApiError(plan.error).problem)}</Notice>
      )}
      {Boolean(error) && !plan.error && !asApiError(error).gone && (
        <Notice kind="bad">{asApiError(error).message}</Notice>
      )}
    </Panel>
  );
}
