import { useState } from "react";
import type { GridData, Result } from "../api/types";
import { Code, Segmented, styles } from "../ui/ui";
import { type Recipes, recipes } from "./recipes";

const KINDS: { value: keyof Recipes; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "curl", label: "curl" },
  { value: "shell", label: "Command line" },
];

/** The same experiment outside this page. */
export function Reproduce({ result }: { result: Result | GridData }) {
  const [kind, setKind] = useState<keyof Recipes>("python");
  const all = recipes(result.spec, result.model.id, window.location.origin);
  return (
    <div className={styles.field}>
      <Segmented label="Reproduce with" value={kind} options={KINDS} onChange={setKind} />
      <Code label={`Reproduce with ${kind}`} text={all[kind]} />
    </div>
  );
}
