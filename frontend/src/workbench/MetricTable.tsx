import type { MetricKind, MetricValue } from "../api/types";
import { changeInUnit, inUnit } from "../lib/format";
import { metricTitle } from "../lib/names";
import { Term } from "../ui/Term";
import { Unit } from "../ui/Unit";
import { cx, styles } from "../ui/ui";
import { isAboveFloor } from "./verdict";
import css from "./workbench.module.css";

const STATUS: Record<string, { short: string; why: string }> = {
  undefined: {
    short: "undefined here",
    why: "Both prompts give the same value, up to noise: there is no distance to recover.",
  },
  non_finite: {
    short: "not a number",
    why: "The edited model’s logits hold infinity or NaN. Try a smaller factor, scale or value.",
  },
  pending: { short: "not run yet", why: "" },
  failed: { short: "failed", why: "" },
};

const COMPARING = new Set(["kl", "js", "recovered"]);

/** Each metric, clean and edited, with the size of effect that is mere noise; of a clean run, its one value. */
export function MetricTable({
  metrics: all,
  clean,
}: {
  metrics: readonly MetricValue[];
  clean: boolean;
}) {
  // Without an edit there is nothing to compare: only values of one run have a meaning.
  const metrics = clean ? all.filter(({ kind }) => !COMPARING.has(kind)) : all;
  if (metrics.length === 0) return null;
  return (
    <div className={css.wide}>
      <table className={cx(styles.table, css.metricTable)}>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" className={styles.num}>
              <i className={css.dotClean} /> <Term id="clean">Clean</Term>
            </th>
            {!clean && (
              <>
                <th scope="col" className={styles.num}>
                  <i className={css.dotEdited} /> <Term id="edited">Edited</Term>
                </th>
                <th scope="col" className={styles.num}>
                  <Term id="change">Change</Term>
                </th>
                <th
                  scope="col"
                  className={styles.num}
                  title="The change under an edit that changes nothing, run in the same shape"
                >
                  <Term id="noise_floor">Noise floor</Term>
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr key={`${metric.kind}${(metric.tokens ?? []).join()}${metric.label}`}>
              <th scope="row">
                <Term id={metric.kind as MetricKind}>{metricTitle(metric)}</Term>{" "}
                <Unit of={metric.unit} />
              </th>
              {metric.status && metric.status !== "ok" ? (
                <td colSpan={clean ? 1 : 3} className={styles.num}>
                  {STATUS[metric.status]?.short}
                  <small className={css.why}>{STATUS[metric.status]?.why}</small>
                </td>
              ) : (
                <>
                  <td className={styles.num}>{inUnit(metric.clean, metric.unit)}</td>
                  {!clean && <Moved metric={metric} />}
                </>
              )}
              {!clean && (
                <td className={cx(styles.num, css.floor)}>{inUnit(metric.floor, metric.unit)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the edit made of a metric. */
function Moved({ metric }: { metric: MetricValue }) {
  return (
    <>
      <td className={cx(styles.num, css.editedValue)}>
        {inUnit(metric.edited, metric.unit)}
        {typeof metric.spread === "number" && (
          <small title="Standard deviation between draws">
            {" "}
            <Term id="draws">±</Term> {inUnit(metric.spread, metric.unit)}
          </small>
        )}
      </td>
      <td className={styles.num}>
        {isAboveFloor(metric) ? <b>{changeInUnit(metric.change, metric.unit)}</b> : "≤ noise"}
      </td>
    </>
  );
}
