import type { Direction, OpOf } from "../api/types";
import { cx, Field, Segmented, styles } from "../ui/ui";
import css from "./question.module.css";
import { TokenField } from "./TokenField";

type Kind = NonNullable<Direction["kind"]>;

const KINDS: { value: Kind; label: string; title: string }[] = [
  {
    value: "unembed",
    label: "Token",
    title: "The unembedding row of a token: what raises its logit",
  },
  {
    value: "prompts",
    label: "Prompts",
    title: "mean(positive) − mean(negative), at the last position",
  },
  { value: "random", label: "Random", title: "A seeded direction of unit length: a control" },
  { value: "values", label: "Numbers", title: "The vector itself" },
];

function newDirection(kind: Kind, answer: string | number): Direction {
  switch (kind) {
    case "unembed":
      return { kind, token: answer || " Rome" };
    case "prompts":
      return { kind, positive: ["The Colosseum is in"], negative: ["The Eiffel Tower is in"] };
    case "random":
      return { kind, seed: 0 };
    case "values":
      return { kind, values: [0] };
  }
}

interface AddFieldsProps {
  op: OpOf<"add">;
  answer: string | number;
  onChange: (op: OpOf<"add">) => void;
}

const lines = (text: string) => text.split("\n");

/** The direction of an addition, and how far to go along it. */
export function AddFields({ op, answer, onChange }: AddFieldsProps) {
  const { direction } = op;
  const kind = direction.kind ?? "unembed";
  const set = (next: Direction) => onChange({ ...op, direction: next });
  return (
    <>
      <Segmented
        label="Kind of direction"
        value={kind}
        options={KINDS}
        onChange={(chosen) => chosen !== kind && set(newDirection(chosen, answer))}
      />
      {direction.kind === "unembed" && (
        <TokenField
          label="Token"
          value={direction.token}
          used
          suggestions={[]}
          onChange={(token) => set({ ...direction, token })}
        />
      )}
      {direction.kind === "prompts" && (
        <div className={css.pair}>
          {(["positive", "negative"] as const).map((side) => (
            <Field
              key={side}
              label={side === "positive" ? "Towards" : "Away from"}
              note="one on each line"
            >
              <textarea
                className={styles.input}
                rows={3}
                spellCheck={false}
                value={direction[side].map(String).join("\n")}
                onChange={(event) => set({ ...direction, [side]: lines(event.target.value) })}
              />
            </Field>
          ))}
        </div>
      )}
      {direction.kind === "random" && (
        <Field label="Seed">
          <input
            type="number"
            min={0}
            className={styles.input}
            value={direction.seed}
            onChange={(event) =>
              set({ ...direction, seed: Math.max(0, Math.trunc(Number(event.target.value))) })
            }
          />
        </Field>
      )}
      {direction.kind === "values" && (
        <Field label="Values" note="as many as the site is wide">
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
        </Field>
      )}
      <div className={css.pair}>
        <Field label="Scale">
          <input
            type="number"
            step="any"
            className={styles.input}
            value={op.scale ?? 1}
            onChange={(event) => onChange({ ...op, scale: Number(event.target.value) })}
          />
        </Field>
        <Field label="Unit">
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
