import { opName, placeName, shortName } from "../lib/names";
import { useDraft } from "../state/draft";
import { Term } from "../ui/Term";
import { Button, Notice } from "../ui/ui";

/** What a question that came from elsewhere holds in every forward: said, and removable. */
export function HeldEdits() {
  const { draft, change } = useDraft();
  const { held, ordered } = draft;
  if (held.length === 0 && !ordered) return null;
  const names = held.map(
    (edit) => `${shortName(edit.target)} ${opName(edit.op)}${placeName(edit.target)}`,
  );
  return (
    <Notice>
      {held.length > 0 && (
        <>
          <Term id="held">Held</Term> in every forward, the clean one too: {names.join("; ")}.{" "}
        </>
      )}
      {ordered && (
        <>
          Edits of the same entries apply in the <Term id="order">order</Term> listed.{" "}
        </>
      )}
      <Button small onClick={() => change({ held: [], ordered: false })}>
        Remove
      </Button>
    </Notice>
  );
}
