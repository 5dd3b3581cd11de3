import { useState } from "react";
import type { ModelInfo, Target } from "../api/types";
import { asChosen, asList, parseIndices, showIndices } from "../lib/indices";
import { componentName, SITES } from "../lib/names";
import { cx, Field, styles } from "../ui/ui";
import css from "./workbench.module.css";

type AxisName = "layer" | "head" | "neuron" | "position";

const COUNTS: Record<AxisName, (info: ModelInfo) => number | null> = {
  layer: (info) => info.n_layers,
  head: (info) => info.n_heads ?? null,
  neuron: (info) => info.d_mlp ?? null,
  position: () => null,
};

interface TargetFieldsProps {
  target: Target;
  info: ModelInfo;
  onChange: (target: Target) => void;
}

/** The selection in words, and each axis of the site as a list of indices. */
export function TargetFields({ target, info, onChange }: TargetFieldsProps) {
  return (
    <div className={styles.field}>
      <p className={css.targetWords}>
        Acts on <b>{componentName(target)}</b>
        {target.position === undefined ? " at every position" : ""} — {SITES[target.site].meaning}.
      </p>
      <div className={css.axes}>
        {SITES[target.site].axes.map((axis) => {
          const list = asList(target[axis]);
          return (
            <IndexField
              key={`${axis}:${list ? showIndices(list) : "all"}`}
              axis={axis}
              list={list}
              count={COUNTS[axis](info)}
              onChange={(next) => {
                const { [axis]: _, ...rest } = target;
                onChange(next === null ? rest : { ...rest, [axis]: next });
              }}
            />
          );
        })}
      </div>
    </div>
  );
}

interface IndexFieldProps {
  axis: AxisName;
  list: number[] | null;
  count: number | null;
  onChange: (chosen: number | number[] | null) => void;
}

function IndexField({ axis, list, count, onChange }: IndexFieldProps) {
  const [text, setText] = useState(list ? showIndices(list) : "");
  const parsed = parseIndices(text);
  const outside = parsed.ok && count !== null && parsed.value.some((i) => i >= count || i < -count);
  const commit = () => parsed.ok && !outside && onChange(asChosen(parsed.value));
  return (
    <Field label={axis[0]!.toUpperCase() + axis.slice(1)} note={count !== null && `0–${count - 1}`}>
      <input
        className={cx(styles.input, styles.mono)}
        value={text}
        placeholder="all"
        aria-invalid={!parsed.ok || outside}
        title={parsed.ok ? "Indices such as 0-3, 5; empty for all" : parsed.reason}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === "Enter" && commit()}
      />
    </Field>
  );
}
