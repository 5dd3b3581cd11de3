import type { GridData } from "../api/types";
import { Term } from "../ui/Term";
import { cx, styles } from "../ui/ui";
import { type ControlLine, checkWords, controlLines } from "./controlLines";
import css from "./controls.module.css";
import type { Shown } from "./gridView";

const MARKS: Record<ControlLine["state"], string> = {
  passed: "✓",
  failed: "✗",
  told: "·",
  "not run": "–",
};

/** How far the grid can be trusted: what was run beside it, and how its cells were run. */
export function Controls({ grid, shown }: { grid: GridData; shown: Shown }) {
  const lines = controlLines(grid, shown);
  const words = checkWords(grid);
  // What did not pass, or did not run, is not left behind a line that says nothing of it.
  const open = lines.some(({ state }) => state === "failed" || state === "not run");
  return (
    <section className={cx(styles.box, css.controls)} aria-label="Controls">
      {words.length > 0 && (
        <p className={css.words}>
          {words.map((each) => (
            <span key={each}>
              <span aria-hidden="true">✓</span> {each}
            </span>
          ))}
        </p>
      )}
      <details open={open}>
        <summary>The checks in figures</summary>
        <Figures grid={grid} lines={lines} />
      </details>
    </section>
  );
}

function Figures({ grid, lines }: { grid: GridData; lines: readonly ControlLine[] }) {
  return (
    <dl>
      {lines.map(({ name, word, state, says }) => (
        <div key={name} className={cx(css.line, state === "failed" && css.failed)}>
          <dt>
            <span aria-hidden="true">{MARKS[state]}</span> <Term id={word}>{name}</Term>
            {state === "failed" && <b> failed</b>}
          </dt>
          <dd>{says}</dd>
        </div>
      ))}
      <div className={css.line}>
        <dt>
          <span aria-hidden="true">·</span> <Term id="execution">Execution</Term>
        </dt>
        <dd>
          {grid.execution}
          {typeof grid.deviation === "number" && (
            <>
              {" "}
              (<Term id="deviation">deviation</Term>)
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}
