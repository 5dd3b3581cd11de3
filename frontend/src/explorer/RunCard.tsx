import { Link } from "wouter";
import { asApiError } from "../api/problem";
import { useCancelJob, useRecord } from "../api/queries";
import type { MetricKind, Result } from "../api/types";
import { useWaiting } from "../app/useWaiting";
import { Dumbbell } from "../charts/Dumbbell";
import { ExportMenu } from "../charts/ExportMenu";
import { changeInUnit, count, inUnit } from "../lib/format";
import { metricTitle, placeText } from "../lib/names";
import { Term } from "../ui/Term";
import { Button, Notice, styles } from "../ui/ui";
import { isClean, runFile } from "../workbench/runFile";
import { TopTable } from "../workbench/TopTable";
import css from "./explorer.module.css";

const NAMED = 6;

/** An experiment of its own, opened from the grid and shown beside it. */
export function RunCard({ id, onClose }: { id: string; onClose: () => void }) {
  const record = useRecord(id);
  const result = record.data?.result.kind === "run" ? (record.data.result as Result) : null;
  const edits = result?.spec.edits ?? [];
  return (
    <section className={css.card} aria-label="Experiment">
      <header className={css.runHead}>
        <span className={css.cardKind}>
          {edits.length > 1 ? `${count(edits.length, "edit")} together` : "Its own experiment"}
        </span>
        <Button
          look="quiet"
          small
          icon="close"
          aria-label="Close the experiment"
          onClick={onClose}
        />
      </header>
      {record.error && <Notice kind="bad">{asApiError(record.error).message}</Notice>}
      {result && record.data && (
        <>
          <h3>
            {edits
              .slice(0, NAMED)
              .map(({ target }) => placeText(target, result.tokens))
              .join(", ")}
            {edits.length > NAMED && ` and ${edits.length - NAMED} more`}
          </h3>
          <Metrics result={result} />
          <Dumbbell clean={result.clean.top} edited={result.edited.top} same={isClean(result)} />
          <details>
            <summary>The top tokens as a table</summary>
            <TopTable result={result} />
          </details>
          <div className={css.cardButtons}>
            <Link href={`/e/${id}`}>Open it in the workbench</Link>
            <ExportMenu file={() => runFile(record.data, result)} />
          </div>
        </>
      )}
    </section>
  );
}

/** In its place while it waits or runs: what is before it, and a way to stop it. */
export function WaitingCard({ job }: { job: string }) {
  const says = useWaiting(job);
  const cancel = useCancelJob();
  return (
    <section className={css.card} aria-label="Experiment">
      <span className={css.cardKind}>Its own experiment</span>
      <p role="status">{says ?? "Running…"}</p>
      <div className={css.cardButtons}>
        <Button
          small
          disabled={cancel.isPending}
          title="Do not open it; the grid stays"
          onClick={() => cancel.mutate(job)}
        >
          Cancel
        </Button>
      </div>
    </section>
  );
}

/** Clean, edited and the change, narrow enough to stand beside a grid. */
function Metrics({ result }: { result: Result }) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" className={styles.num}>
            <Term id="clean">Clean</Term>
          </th>
          <th scope="col" className={styles.num}>
            <Term id="edited">Edited</Term>
          </th>
          <th scope="col" className={styles.num}>
            <Term id="change">Change</Term>
          </th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(result.metrics).map(([key, metric]) => (
          <tr key={key}>
            <th scope="row">
              <Term id={metric.kind as MetricKind}>{metricTitle(metric)}</Term>
            </th>
            <td className={styles.num}>{inUnit(metric.clean, metric.unit)}</td>
            <td className={styles.num}>{inUnit(metric.edited, metric.unit)}</td>
            <td className={styles.num}>{changeInUnit(metric.change, metric.unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
