import type { Direction, VectorInfo } from "../api/types";
import { useVectors } from "../api/vectors";
import { cx, Field, styles } from "../ui/ui";
import { Fault } from "./Faults";

type Stored = Extract<Direction, { kind?: "stored" }>;

interface StoredFieldsProps {
  direction: Stored;
  onChange: (direction: Stored) => void;
}

/** "L3 attn @5 ␣in · 192 numbers", "decoder · 512 rows of 192". */
export function vectorLabel({ name, sha256, shape }: VectorInfo): string {
  const [rows, width] = shape.length > 1 ? shape : [null, shape[0]];
  const size = rows === null ? `${width} numbers` : `${rows} rows of ${width}`;
  return `${name || sha256.slice(0, 12)} · ${size}`;
}

/** A vector that the server keeps: chosen by name, or given by its hash. */
export function StoredFields({ direction, onChange }: StoredFieldsProps) {
  const vectors = useVectors();
  const list = vectors.data ?? [];
  const known = list.find((each) => each.sha256 === direction.sha256);
  const choose = (sha256: string) => {
    const next = list.find((each) => each.sha256 === sha256);
    onChange({ kind: "stored", sha256, ...(next && next.shape.length > 1 && { row: 0 }) });
  };
  return (
    <>
      <Field
        label="Vector"
        word="vector"
        note={vectors.data && `${list.length} kept on the server`}
      >
        <select
          className={styles.input}
          value={known ? direction.sha256 : ""}
          onChange={(event) => event.target.value && choose(event.target.value)}
        >
          <option value="">
            {vectors.isPending
              ? "…"
              : list.length
                ? "Choose one, or give its hash below"
                : "None is kept yet"}
          </option>
          {list.map((each) => (
            <option key={each.sha256} value={each.sha256}>
              {vectorLabel(each)}
            </option>
          ))}
        </select>
      </Field>
      <Field label="SHA-256" word="hash" note="as the server named it when the vector was kept">
        <input
          className={cx(styles.input, styles.mono)}
          value={direction.sha256}
          spellCheck={false}
          onChange={(event) => onChange({ ...direction, sha256: event.target.value.trim() })}
        />
        <Fault at="/direction/sha256" />
      </Field>
      {(!known || known.shape.length > 1) && (
        <Field
          label="Row"
          note={
            known
              ? `0–${known.shape[0]! - 1}, such as a feature’s number`
              : "of a matrix, else empty"
          }
        >
          <input
            type="number"
            min={0}
            className={styles.input}
            value={direction.row ?? ""}
            placeholder="a single vector"
            onChange={(event) => {
              const { row: _, ...rest } = direction;
              onChange(
                event.target.value === "" ? rest : { ...rest, row: Number(event.target.value) },
              );
            }}
          />
          <Fault at="/direction/row" />
        </Field>
      )}
    </>
  );
}
