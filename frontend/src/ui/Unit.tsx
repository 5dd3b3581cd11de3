import { Term } from "./Term";
import { styles } from "./ui";

/** What a metric counts in; a probability's per cent needs no word. */
export function Unit({ of }: { of: string }) {
  if (of === "probability") return null;
  return (
    <small className={styles.unit}>
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
