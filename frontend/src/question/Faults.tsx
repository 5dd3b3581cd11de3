// What the server objects to, said at the field that it points to.
import { createContext, type ReactNode, useContext } from "react";
import { asApiError, type Problem } from "../api/problem";
import { styles } from "../ui/ui";
import { faultAt, inWords } from "./faultAt";

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

function Says({ text }: { text: string }) {
  return (
    <span className={styles.fault} role="alert" data-fault>
      {text}
    </span>
  );
}

/** The objection to one field, if there is one; `at` is its path below the scope. */
export function Fault({ at, exact = false }: { at: string; exact?: boolean }) {
  const { problem, base } = useContext(Faults);
  const says = faultAt(problem, base + at, exact);
  return says ? <Says text={says} /> : null;
}

/** Pointers into metrics, with the token field that they speak of. */
const TOKEN = /^\/metrics\/.*\/(token|answer|foil)$/;

/** The objection to the metrics' answer, to their foil, or (null) to anything else of them. */
export function MetricFault({ of }: { of: "answer" | "foil" | null }) {
  const { problem } = useContext(Faults);
  const named = TOKEN.exec(problem?.pointer ?? "")?.[1];
  const field = named && (named === "foil" ? "foil" : "answer");
  if (of === null) return field ? null : <Fault at="/metrics" />;
  return problem && field === of ? <Says text={inWords(problem)} /> : null;
}
