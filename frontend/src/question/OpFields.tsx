import type { Op, OpKind, Prompt } from "../api/types";
import { OPS } from "../lib/words";
import { useExample } from "../state/example";
import { NumberField } from "../ui/NumberField";
import { Term } from "../ui/Term";
import { Segmented, styles } from "../ui/ui";
import { AddFields } from "./AddFields";
import { Fault } from "./Faults";
import { newOp } from "./newOp";
import { PatchFields } from "./PatchFields";
import { PathFields } from "./PathFields";
import { PromptsField } from "./PromptsField";
import css from "./question.module.css";

const KINDS = Object.keys(OPS) as OpKind[];

interface OpFieldsProps {
  op: Op;
  prompt: Prompt;
  answer: string | number;
  onChange: (op: Op) => void;
}

/** What the edit does: its kind, and the data that the kind needs. */
export function OpFields({ op, prompt, answer, onChange }: OpFieldsProps) {
  const kind = op.kind ?? "zero";
  const example = useExample();
  return (
    <div className={css.op}>
      <Segmented
        label="What the edit does"
        value={kind}
        options={KINDS.map((each) => ({
          value: each,
          label: OPS[each].label,
          title: OPS[each].hint,
        }))}
        onChange={(chosen) => chosen !== kind && onChange(newOp(chosen, answer, prompt, example))}
      />
      <p className={styles.label}>
        <small>
          {OPS[kind].hint} (<Term id={kind}>{OPS[kind].label.toLowerCase()}</Term>)
        </small>
        <Term id="edit" of="each kind of edit" />
      </p>
      <Fault at="" exact />
      <Fault at="/kind" />
      {op.kind === "mean" && (
        <>
          <ReferenceField op={op} onChange={onChange} />
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
          <Fault at="/pool" />
        </>
      )}
      {op.kind === "patch" && <PatchFields op={op} prompt={prompt} onChange={onChange} />}
      {op.kind === "add" && <AddFields op={op} answer={answer} onChange={onChange} />}
      {op.kind === "scale" && (
        <NumberField
          label="Factor"
          note="1 changes nothing, 0 removes"
          value={op.factor}
          onChange={(factor) => onChange({ ...op, factor })}
        >
          <Fault at="/factor" />
        </NumberField>
      )}
      {op.kind === "set" && (
        <NumberField
          label="Value"
          note="of every entry"
          value={op.value}
          onChange={(value) => onChange({ ...op, value })}
        >
          <Fault at="/value" />
        </NumberField>
      )}
      {op.kind === "noise" && (
        <>
          <NumberField
            label="Sigma"
            word="std"
            note="standard deviations of the input embedding"
            value={op.sigma}
            min={0}
            onChange={(sigma) => onChange({ ...op, sigma })}
          >
            <Fault at="/sigma" />
          </NumberField>
          <DrawFields op={op} onChange={onChange} />
        </>
      )}
      {op.kind === "resample" && (
        <>
          <ReferenceField op={op} onChange={onChange} note="each of this prompt’s token count" />
          <DrawFields op={op} onChange={onChange} />
        </>
      )}
      {op.kind === "path" && <PathFields op={op} prompt={prompt} onChange={onChange} />}
    </div>
  );
}

interface PartProps<K extends OpKind> {
  op: Extract<Op, { kind?: K }>;
  onChange: (op: Op) => void;
}

function ReferenceField({
  op,
  onChange,
  note,
}: PartProps<"mean" | "resample"> & { note?: string }) {
  return (
    <PromptsField
      label="Reference prompts"
      word="reference"
      note={note}
      prompts={op.reference.prompts}
      onChange={(prompts) => onChange({ ...op, reference: { prompts } })}
    >
      <Fault at="/reference" />
    </PromptsField>
  );
}

function DrawFields({ op, onChange }: PartProps<"noise" | "resample">) {
  return (
    <div className={css.pair}>
      <NumberField
        label="Draws"
        word="draws"
        note="results are means"
        step={1}
        min={1}
        value={op.draws ?? 1}
        onChange={(draws) => onChange({ ...op, draws })}
      >
        <Fault at="/draws" />
      </NumberField>
      <NumberField
        label="Seed"
        word="seed"
        step={1}
        min={0}
        value={op.seed}
        onChange={(seed) => onChange({ ...op, seed })}
      >
        <Fault at="/seed" />
      </NumberField>
    </div>
  );
}
