import type { Direction, OpOf } from "../api/types";
import { DIRECTIONS } from "../lib/words";
import { useExample } from "../state/example";
import { NumberField } from "../ui/NumberField";
import { Term } from "../ui/Term";
import { cx, Field, Segmented, styles } from "../ui/ui";
import { Fault } from "./Faults";
import { newDirection } from "./newOp";
import { PromptsField } from "./PromptsField";
import css from "./question.module.css";
import { StoredFields } from "./StoredFields";
import { TokenField } from "./TokenField";

const KINDS = (Object.keys(DIRECTIONS) as (keyof typeof DIRECTIONS)[]).map((value) => ({
  value,
  label: DIRECTIONS[value].label,
  title: DIRECTIONS[value].hint,
}));

interface AddFieldsProps {
  op: OpOf<"add">;
  answer: string | number;
  onChange: (op: OpOf<"add">) => void;
}

/** The direction of an addition, and how far to go along it. */
export function AddFields({ op, answer, onChange }: AddFieldsProps) {
  const { direction } = op;
  const example = useExample();
  const kind = direction.kind ?? "unembed";
  const set = (next: Direction) => onChange({ ...op, direction: next });
  return (
    <>
      <Segmented
        label="Kind of direction"
        value={kind}
        options={KINDS}
        onChange={(chosen) => chosen !== kind && set(newDirection(chosen, answer, example))}
      />
      <p className={styles.label}>
        <small>{DIRECTIONS[kind].hint}</small>
        <Term id="direction" of="each kind of direction" />
      </p>
      <Fault at="/direction" exact />
      <Fault at="/direction/kind" />
      {(direction.kind === "unembed" || direction.kind === "embed") && (
        <TokenField
          label="Token"
          word="token"
          value={direction.token}
          used
          suggestions={[]}
          onChange={(token) => set({ ...direction, token })}
        >
          <Fault at="/direction/token" />
        </TokenField>
      )}
      {direction.kind === "prompts" && (
        <div className={css.pair}>
          {(["positive", "negative"] as const).map((side) => (
            <PromptsField
              key={side}
              label={side === "positive" ? "Towards" : "Away from"}
              rows={3}
              prompts={direction[side]}
              onChange={(prompts) => set({ ...direction, [side]: prompts })}
            >
              <Fault at={`/direction/${side}`} />
            </PromptsField>
          ))}
        </div>
      )}
      {direction.kind === "random" && (
        <NumberField
          label="Seed"
          word="seed"
          step={1}
          min={0}
          value={direction.seed}
          onChange={(seed) => set({ ...direction, seed })}
        >
          <Fault at="/direction/seed" />
        </NumberField>
      )}
      {direction.kind === "values" && (
        <Field label="Values" word="vector" note="as many as the site is wide">
          <textarea
            className={cx(styles.input, styles.mono)}
            rows={3}
            defaultValue={direction.values.join(" ")}
            onBlur={(event) => {
              const values = event.target.value
                .split(/[\s,]+/)
                .filter(Boolean)
                .map(Number);
              if (values.length && values.every(Number.isFinite)) set({ ...direction, values });
            }}
          />
          <Fault at="/direction/values" />
        </Field>
      )}
      {direction.kind === "stored" && <StoredFields direction={direction} onChange={set} />}
      <div className={css.pair}>
        <NumberField
          label="Scale"
          value={op.scale ?? 1}
          onChange={(scale) => onChange({ ...op, scale })}
        >
          <Fault at="/scale" />
        </NumberField>
        <Field label="Unit" word="norm">
          <select
            className={styles.input}
            value={op.unit ?? "vector"}
            onChange={(event) =>
              onChange({ ...op, unit: event.target.value as "vector" | "site_norm" })
            }
          >
            <option value="site_norm">site’s mean norm</option>
            <option value="vector">as it is</option>
          </select>
        </Field>
      </div>
    </>
  );
}
