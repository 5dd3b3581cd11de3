import type { Result } from "../api/types";
import { ExportMenu } from "../charts/ExportMenu";
import { SceneView } from "../charts/SceneView";
import { Term } from "../ui/Term";
import { Unit } from "../ui/Unit";
import { cx, Notice, Panel, styles } from "../ui/ui";
import css from "./compare.module.css";
import { pairRuns, pairTokens } from "./pair";
import { metricsFile, tokensFile } from "./runCompareFile";
import {
  BELOW_NOISE,
  barKey,
  barScene,
  metricLines,
  NAMES,
  scales,
  type TrioLine,
  tokenLines,
} from "./trioLines";

/** Two runs: what each edit did to every metric, and what the model says after it. */
export function RunCompare({ a, b }: { a: Result; b: Result }) {
  const metrics = pairRuns(a, b);
  const tokens = pairTokens(a, b);
  return (
    <>
      <Panel
        title="What the edits did"
        actions={metrics.ok && <ExportMenu hotkey file={() => metricsFile(a, b, metrics.pairs)} />}
      >
        {metrics.ok ? (
          <>
            {metrics.notes.map((note) => (
              <Notice key={note} kind="warn">
                {note}
              </Notice>
            ))}
            <Trios
              label="Change of each metric"
              first={<Term id="change">Change by the edit</Term>}
              lines={metricLines(metrics.pairs)}
            />
          </>
        ) : (
          <Notice kind="warn">{metrics.why.join(" ")}</Notice>
        )}
      </Panel>
      <Panel
        title="What it says after the edit"
        actions={
          tokens.ok && (
            <ExportMenu hotkey={!metrics.ok} file={() => tokensFile(a, b, tokens.pairs)} />
          )
        }
      >
        {tokens.ok ? (
          <Trios
            label="Probability of the top tokens"
            first={<Term id="token">Token</Term>}
            shared
            lines={tokenLines(tokens.pairs)}
          />
        ) : (
          <Notice kind="warn">{tokens.why.join(" ")}</Notice>
        )}
        <p className={css.note}>
          “–”: not among the top tokens that were kept of this run, so B − A is not known.
        </p>
      </Panel>
    </>
  );
}

interface TriosProps {
  label: string;
  first: React.ReactNode;
  lines: readonly TrioLine[];
  /** All lines on one scale; otherwise A, B and B − A of each line are. */
  shared?: boolean;
}

/** Three numbers a line, with bars from one zero on one scale. */
function Trios({ label, first, lines, shared = false }: TriosProps) {
  const most = scales(lines, shared);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
      <table className={cx(styles.table, css.trios)}>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {NAMES.map((name, index) => (
              <th key={name} scope="col" className={styles.num}>
                {index === 2 ? <Term id="difference">{name}</Term> : name}
              </th>
            ))}
            <th scope="col" className={css.key}>
              <span className="visually-hidden">On one scale</span>
              <SceneView scene={barKey()} />
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ key, name, word, unit, token, values, says }, line) => (
            <tr key={key}>
              <th scope="row">
                <span className={token ? styles.mono : undefined}>
                  {word ? <Term id={word}>{name}</Term> : name}
                </span>{" "}
                {unit && <Unit of={unit} />}
              </th>
              {says.map((text, index) => (
                <td key={NAMES[index]} className={styles.num}>
                  {index === 2 ? (
                    <b>{text === BELOW_NOISE ? <Term id="noise_floor">{text}</Term> : text}</b>
                  ) : (
                    text
                  )}
                </td>
              ))}
              <td>
                <SceneView scene={barScene(values, most[line]!)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
