import { Marked } from "../ui/Marked";
import { cx, styles } from "../ui/ui";
import type { GridVerdict } from "./gridVerdict";
import css from "./verdict.module.css";

/** What a grid says, above it. */
export function VerdictLines({ verdict }: { verdict: GridVerdict }) {
  return (
    <section className={css.verdict} aria-label="What this grid says">
      <p className={css.headline}>
        <Marked text={verdict.headline} />
      </p>
      {verdict.details.length > 0 && (
        <p className={css.details}>
          <Marked text={verdict.details.join(" ")} />
        </p>
      )}
    </section>
  );
}

/** What it leaves open, below it. */
export function NotShown({ verdict }: { verdict: GridVerdict }) {
  return (
    <details className={cx(styles.box, css.notShown)} open>
      <summary className={css.boxTitle}>What this does not show</summary>
      <ul>
        {verdict.notShown.map((line) => (
          <li key={line}>
            <Marked text={line} />
          </li>
        ))}
      </ul>
    </details>
  );
}
