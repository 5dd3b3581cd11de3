import { useState } from "react";
import type { GridData, Result } from "../api/types";
import { Term } from "../ui/Term";
import { Code, Segmented, styles } from "../ui/ui";
import { conditions, type Recipes, recipes, vectorFiles } from "./recipes";
import css from "./workbench.module.css";

const KINDS: { value: keyof Recipes; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "curl", label: "curl" },
  { value: "shell", label: "Command line" },
];

/** The same experiment outside this page. */
export function Reproduce({ result }: { result: Result | GridData }) {
  const [kind, setKind] = useState<keyof Recipes>("python");
  const all = recipes(result, window.location.origin);
  return (
    <div className={css.reproduce}>
      <Segmented label="Reproduce with" value={kind} options={KINDS} onChange={setKind} />
      <p className={styles.label}>
        <small>{conditions(kind, vectorFiles(result.spec).length > 0)}</small>
      </p>
      <Code label={`Reproduce with ${kind}`} text={all[kind]} />
      <p className={styles.label}>
        <small>
          The same question on the same weights has the same <Term id="hash">spec hash</Term>:{" "}
          <code>{result.spec_hash.slice(0, 12)}…</code>
        </small>
      </p>
    </div>
  );
}
