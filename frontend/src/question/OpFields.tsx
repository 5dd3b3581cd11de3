import type { Op, OpKind, Prompt } from "../api/types";
import { OPS } from "../lib/names";
import { Field, Segmented, styles } from "../ui/ui";
import { AddFields } from "./AddFields";
import { PatchFields } from "./PatchFields";

const KINDS = Object.keys(OPS) as OpKind[];
const REFERENCE = ["The Colosseum is in", "The Brandenburg Gate is in", "The Louvre is in"];

export function newOp(kind: OpKind, answer: string | number): Op {
  switch (kind) {
    case "zero":
      return { kind };
    case "mean":
      return { kind, reference: { prompts: REFERENCE }, pool: "all_positions" };
    case "patch":
      return { kind, source_prompt: "The Colosseum is in" };
    case "add":
      return {
        kind,
        direction: { kind: "unembed", token: answer || " Rome" },
        scale: 1,
        unit: "site_norm",
      };
  }
}

interface OpFieldsProps {
  op: Op;
  prompt: Prompt;
  answer: string | number;
  onChange: (op: Op) => void;
}

/** What the edit does: its kind, and the data that the kind needs. */
export function OpFields({ op, prompt, answer, onChange }: OpFieldsProps) {
  const kind = op.kind ?? "zero";
  return (
    <div className={styles.field}>
      <Segmented
        label="What the edit does"
        value={kind}
        options={KINDS.map((each) => ({
          value: each,
          label: OPS[each].label,
          title: OPS[each].hint,
        }))}
        onChange={(chosen) => chosen !== kind && onChange(newOp(chosen, answer))}
      />
      <p className={styles.label}>
        <small>{OPS[kind].hint}</small>
      </p>
      {op.kind === "mean" && (
        <>
          <Field label="Reference prompts" note="one on each line">
            <textarea
              className={styles.input}
              rows={4}
              spellCheck={false}
              value={op.reference.prompts.map(String).join("\n")}
              onChange={(event) =>
                onChange({ ...op, reference: { prompts: event.target.value.split("\n") } })
              }
            />
          </Field>
          <Segmented
            label="Pooling of the mean"
            value={op.pool ?? "all_positions"}
            options={[
              { value: "all_positions", label: "One mean", title: "Over all positions" },
              {
                value: "per_position",
                label: "Per position",
                title: "Needs prompts of this prompt's token count",
              },
            ]}
            onChange={(pool) => onChange({ ...op, pool })}
          />
        </>
      )}
      {op.kind === "patch" && <PatchFields op={op} prompt={prompt} onChange={onChange} />}
      {op.kind === "add" && <AddFields op={op} answer={answer} onChange={onChange} />}
    </div>
  );
}
