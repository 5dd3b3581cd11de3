import { useCheckModel } from "../api/queries";
import type { ModelInfo, StageReport } from "../api/types";
import { number } from "../lib/format";
import { Term } from "../ui/Term";
import { Button, styles } from "../ui/ui";
import css from "./models.module.css";

/** The stages of fast sweeps: checked on request, and else when a sweep first needs them. */
export function StageTable({ info }: { info: ModelInfo }) {
  const check = useCheckModel();
  const stages = info.stages ?? [];
  return (
    <section className={css.stages} aria-label="Stages of fast sweeps">
      <div className={css.stagesHead}>
        <p className={css.caption}>
          Fast <Term id="sweep">sweeps</Term> skip what an edit cannot change (
          <Term id="stage">stages</Term>). Each way of skipping must give the{" "}
          <Term id="logit">logits</Term> of plain <Term id="forward">forwards</Term> on this model
          before a sweep takes it; what does not is run one by one.
        </p>
        <Button disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? "Checking…" : stages.length ? "Check again" : "Check the stages"}
        </Button>
      </div>
      {stages.length > 0 && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label="Verdicts on stages">
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">
                  <Term id="stage">Stage</Term>
                </th>
                <th scope="col">What it saves</th>
                <th scope="col">
                  <Term id="site">Sites</Term>
                </th>
                <th scope="col">
                  <Term id="deviation">Greatest difference</Term>
                </th>
                <th scope="col">Proven</th>
              </tr>
            </thead>
            <tbody>
              {stages.map((stage) => (
                <Row key={stage.stage} stage={stage} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ stage }: { stage: StageReport }) {
  const gap = stage.deviation;
  return (
    <tr>
      <td className={styles.mono}>{stage.stage}</td>
      <td>{stage.what}</td>
      <td className={styles.mono}>{stage.sites?.length ? stage.sites.join(", ") : "–"}</td>
      <td>{typeof gap === "number" ? number(gap) : "–"}</td>
      <td className={css.verdict}>
        <span className={stage.certified ? css.yes : css.no}>{stage.certified ? "yes" : "no"}</span>
        {stage.reason && <small className={css.no}>{stage.reason}</small>}
      </td>
    </tr>
  );
}
