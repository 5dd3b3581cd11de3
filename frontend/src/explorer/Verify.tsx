import { useVerify } from "../api/jobs";
import { verifyWords } from "../history/verifyWords";
import { Term } from "../ui/Term";
import { Button, Notice } from "../ui/ui";
import css from "./explorer.module.css";

/** Runs the stored experiment again, and says whether the same comes out. */
export function Verify({ id }: { id: string }) {
  const verify = useVerify();
  const said = verify.data ? verifyWords(verify.data) : null;
  return (
    <>
      <Button
        small
        disabled={verify.isPending}
        onClick={() => verify.mutate(id)}
        title="Runs it again on the loaded model and compares every number; stores nothing"
      >
        {verify.isPending ? "Running it again…" : "Verify"}
      </Button>
      <Term id="verify" of="to verify" />
      {said && (
        <div className={css.verified} role="status">
          <Notice kind={said.kind}>
            {said.says} {said.details.join(" ")}
          </Notice>
        </div>
      )}
      {verify.data === null && <span className={css.says}>Stopped before the end.</span>}
    </>
  );
}
