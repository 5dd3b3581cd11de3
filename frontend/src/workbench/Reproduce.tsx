import { useState } from "react";
import type { GridData, Result } from "../api/types";
import { Term } from "../ui/Term";
import { Code, Segmented, styles } from "../ui/ui";
import { type Recipes, recipes, vectorFiles } from "./recipes";
import css from "./workbench.module.css";

const KINDS: { value: keyof Recipes; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "curl", label: "curl" },
  { value: "shell", label: "Command line" },
];

const SAYS: Record<keyof Recipes, string> = {
  python: "In the folder where the server was started. Loads the model anew.",
  curl: "Asks this server, which answers from its store. In the folder where it was started.",
  shell: "In the folder where the server was started. Runs it anew, in a data folder of its own.",
};

/** The same experiment outside this page. */
export function Reproduce({ result }: { result: Result | GridData }) {
  const [kind, setKind] = useState<keyof Recipes>("python");
  const all = recipes(result, window.location.origin);
  return (
    <div className={css.reproduce}>
      <Segmented label="Reproduce with" value={kind} options={KINDS} onChange={setKind} />
      <p className={styles.label}>
        <small>
          {SAYS[kind]}
          {kind !== "curl" &&
            vectorFiles(result.spec).length > 0 &&
            " Takes the vectors that it names from the server’s data folder."}
        </small>
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
