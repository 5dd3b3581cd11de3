import { Link } from "wouter";
import { useModel } from "../api/queries";
import { Notice } from "../ui/ui";
import { type Named, otherModel } from "./modelNames";

/** Both models' names where a stored result is not of the loaded one. */
export function useOtherModel(stored: Named | undefined) {
  return otherModel(stored, useModel().data?.info);
}

interface OtherModelProps {
  /** "This result", "A and B". */
  what: string;
  model: Named;
  /** What would run on the loaded model, or be refused. */
  then: string;
}

/** Says that a stored result is of another model than the loaded one. Nothing without a loaded one. */
export function OtherModel({ what, model, then }: OtherModelProps) {
  const other = useOtherModel(model);
  if (!other) return null;
  const [is, so] = what.includes(" and ") ? ["are", "They are"] : ["is", "It is"];
  return (
    <Notice kind="warn">
      <b>
        {what} {is} not of the loaded model.
      </b>{" "}
      {so} of {other.stored}, and the numbers are of that model; loaded is {other.loaded}. {then}{" "}
      <Link href="/m">Models</Link>
    </Notice>
  );
}
