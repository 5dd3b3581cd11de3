import { Term } from "./Term";

/** What a metric counts in; a probability's per cent needs no word. */
export function Unit({ of }: { of: string }) {
  if (of === "probability") return null;
  return (
    <small>
      {of === "nats" ? (
        <Term id="nat">nats</Term>
      ) : of === "logits" ? (
        <Term id="logit">logits</Term>
      ) : (
        of
      )}
    </small>
  );
}
