import type { Result } from "../api/types";
import { changeInUnit, percent } from "../lib/format";
import { Term } from "../ui/Term";
import { Unit } from "../ui/Unit";
import { cx, Notice, Panel, styles, TokenText } from "../ui/ui";
import css from "./compare.module.css";
import { pairRuns, pairTokens } from "./pair";

/** Two runs: what each edit did to every metric, and what the model says after it. */
export function RunCompare({ a, b }: { a: Result; b: Result }) {
  const metrics = pairRuns(a, b);
  const tokens = pairTokens(a, b);
  return (
    <>
      <Panel title="What the edits did">
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
              lines={metrics.pairs.map((line) => ({
                key: line.title,
                name: (
                  <>
                    <Term id={line.kind}>{line.title}</Term> <Unit of={line.unit} />
                  </>
                ),
                values: [line.a, line.b, line.difference],
                show: (value) => changeInUnit(value, line.unit),
                last: line.told ? null : "≤ noise",
              }))}
            />
          </>
        ) : (
          <Notice kind="warn">{metrics.why.join(" ")}</Notice>
        )}
      </Panel>
      <Panel title="What it says after the edit">
        {tokens.ok ? (
          <Trios
            label="Probability of the top tokens"
            first={<Term id="token">Token</Term>}
            shared
            lines={tokens.pairs.map(({ id, token, a: x, b: y }) => ({
              key: String(id),
              name: <TokenText text={token} />,
              values: [x, y, x === null || y === null ? null : y - x],
              show: (value, index) =>
                index === 2
                  ? changeInUnit(value, "probability")
                  : value === null
                    ? "–"
                    : percent(value),
              last: null,
            }))}
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

interface TrioLine {
  key: string;
  name: React.ReactNode;
  values: [number | null, number | null, number | null];
  show: (value: number | null, index: number) => string;
  /** Words in place of B − A. */
  last: string | null;
}

interface TriosProps {
  label: string;
  first: React.ReactNode;
  lines: TrioLine[];
  /** All lines on one scale; otherwise A, B and B − A of each line are. */
  shared?: boolean;
}

/** Three numbers a line, with bars from one zero on one scale. */
function Trios({ label, first, lines, shared }: TriosProps) {
  const size = (line: TrioLine) => Math.max(...line.values.map((value) => Math.abs(value ?? 0)));
  const most = Math.max(...lines.map(size));
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
      <table className={cx(styles.table, css.trios)}>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {["A", "B"].map((name) => (
              <th key={name} scope="col" className={styles.num}>
                {name}
              </th>
            ))}
            <th scope="col" className={styles.num}>
              <Term id="difference">B − A</Term>
            </th>
            <th scope="col">On one scale</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key}>
              <th scope="row">{line.name}</th>
              {line.values.map((value, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: A, B and B − A, always in this order
                <td key={index} className={styles.num}>
                  {index === 2 ? (
                    <b>
                      {line.last ? (
                        <Term id="noise_floor">{line.last}</Term>
                      ) : (
                        line.show(value, index)
                      )}
                    </b>
                  ) : (
                    line.show(value, index)
                  )}
                </td>
              ))}
              <td>
                <Bars values={line.values} most={shared ? most : size(line)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const [WIDTH, HEIGHT, STEP] = [220, 26, 8];

function Bars({ values, most }: { values: TrioLine["values"]; most: number }) {
  const middle = WIDTH / 2;
  const looks = [css.barA, css.barB, css.barDifference];
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
      <line x1={middle} x2={middle} y2={HEIGHT} className={css.zero} />
      {values.map((value, index) => {
        const length = value === null || most === 0 ? 0 : (Math.abs(value) / most) * (middle - 2);
        return (
          <rect
            key={looks[index]}
            className={looks[index]}
            x={(value ?? 0) < 0 ? middle - length : middle}
            y={1 + index * STEP}
            width={length}
            height={STEP - 2}
          />
        );
      })}
    </svg>
  );
}
