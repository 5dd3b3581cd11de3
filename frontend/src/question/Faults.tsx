// What the server objects to, said at the field that it points to.
import { createContext, type ReactNode, useContext } from "react";
import { asApiError, type Problem } from "../api/problem";
import { styles } from "../ui/ui";
import { faultAt } from "./faultAt";

interface Scope {
  problem: Problem | null;
  base: string;
}

const Faults = createContext<Scope>({ problem: null, base: "" });

interface FaultScopeProps {
  /** The error of a request that asked what is now in the fields. */
  error: unknown;
  /** JSON pointer of the part of the spec that the fields below are of. */
  base: string;
  children: ReactNode;
}

export function FaultScope({ error, base, children }: FaultScopeProps) {
  const problem = error ? asApiError(error).problem : null;
  return <Faults value={{ problem, base }}>{children}</Faults>;
}

/** Fields of a part of what the scope around is of. */
export function FaultBelow({ at, children }: { at: string; children: ReactNode }) {
  const { problem, base } = useContext(Faults);
  return <Faults value={{ problem, base: base + at }}>{children}</Faults>;
}

/** The objection to one field, if there is one; `at` is its path below the scope. */
export function Fault({ at, exact = false }: { at: string; exact?: boolean }) {
  const { problem, base } = useContext(Faults);
  const says = faultAt(problem, base + at, exact);
  return says ? <span className={styles.fault}>{says}</span> : null;
}
