import { asApiError } from "../api/problem";
import { usePlan } from "../api/queries";
import type { ModelInfo, Site, SweepSpec, TokenScore } from "../api/types";
import { count, duration } from "../lib/format";
import { useDebounced } from "../lib/hooks";
import { SITE_ORDER, SITES } from "../lib/names";
import { MetricPicker } from "../question/MetricPicker";
import { OpFields } from "../question/OpFields";
import { PromptField } from "../question/PromptField";
import metricCss from "../question/question.module.css";
import { toSweep, useDraft } from "../state/draft";
import { same } from "../state/url";
import { Button, Notice, Panel, styles } from "../ui/ui";
import { AxisField } from "./AxisField";
import { AXES, allowedAxes, withAxis, withSites } from "./axes";
import css from "./explorer.module.css";
import { PRESETS } from "./presets";

interface SweepFormProps {
  info: ModelInfo;
  top: readonly TokenScore[];
  running: boolean;
  error: unknown;
  onRun: (spec: SweepSpec) => void;
}

/** What is swept: the same edit at every combination of the axes. */
export function SweepForm({ info, top, running, error, onRun }: SweepFormProps) {
  const { draft, change } = useDraft();
  const { over } = draft;
  const spec = toSweep(draft);
  const settled = useDebounced(spec, 300);
  const plan = usePlan(draft.prompt === "" ? null : settled);
  const certified = new Set(info.sites.filter((site) => site.certified).map((site) => site.site));
  const toggleSite = (site: Site) => {
    const next = over.sites.includes(site)
      ? over.sites.filter((each) => each !== site)
      : [...over.sites, site];
    if (next.length)
      change({
        over: withSites(
          over,
          SITE_ORDER.filter((each) => next.includes(each)),
        ),
      });
  };

  return (
    <Panel
      title="Sweep"
      actions={
        <Button
          look="primary"
          disabled={running || draft.prompt === ""}
          onClick={() => onRun(spec)}
          title="Run the sweep (key r)"
        >
          {running ? "Starting…" : "Run sweep"} <span className={styles.kbd}>r</span>
        </Button>
      }
    >
      <ul className={css.presets} aria-label="Questions to begin with">
        {PRESETS.filter(({ needs }) => needs !== "heads" || info.n_heads).map((preset) => {
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
        prompt={draft.prompt}
        onChange={(prompt) => change({ prompt })}
        readPosition={draft.readPosition}
      />
      <OpFields
        op={draft.op}
        prompt={draft.prompt}
        answer={draft.answer}
        onChange={(op) => change({ op })}
      />
      <div className={styles.field}>
        <div className={styles.label} id="sites-label">
          Sites
        </div>
        <ul className={metricCss.metrics} aria-labelledby="sites-label">
          {SITE_ORDER.filter((site) => certified.has(site)).map((site) => (
            <li key={site}>
              <button
                type="button"
                className={metricCss.metric}
                aria-pressed={over.sites.includes(site)}
                title={`${site}: ${SITES[site].meaning}`}
                onClick={() => toggleSite(site)}
              >
                {SITES[site].label}
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div className={css.axes}>
        {AXES.filter(({ field }) => allowedAxes(over.sites).includes(field)).map(
          ({ field, label }) => (
            <AxisField
              key={field}
              label={label}
              value={over[field] ?? null}
              onChange={(value) => change({ over: withAxis(over, field, value) })}
            />
          ),
        )}
      </div>
      <MetricPicker patching={draft.op.kind === "patch"} top={top} />
      <p className={css.cost} role="status">
        {plan.data && !plan.error && (
          <>
            <b>{count(plan.data.n_cells, "cell")}</b> · {count(plan.data.n_forwards, "forward")}
            {plan.data.estimate_s ? ` · about ${duration(plan.data.estimate_s)}` : ""}
            {` · ${plan.data.dims.map((dim) => `${dim} ${plan.data!.coords[dim]?.length ?? 1}`).join(" × ")}`}
          </>
        )}
      </p>
      {plan.error && !asApiError(plan.error).gone && (
        <Notice kind="warn">
          {asApiError(plan.error).message} {asApiError(plan.error).problem.hint}
        </Notice>
      )}
      {Boolean(error) && !plan.error && !asApiError(error).gone && (
        <Notice kind="bad">{asApiError(error).message}</Notice>
      )}
    </Panel>
  );
}
