import { useState } from "react";
import type { ModelInfo, Target } from "../api/types";
import { asChosen, asList, parseIndices, showIndices } from "../lib/indices";
import { type AxisName, axisWord, headsOf, keyValueHeads } from "../lib/words";
import { cx, Field, styles } from "../ui/ui";
import { Fault } from "./Faults";

interface AxisIndicesProps {
  axis: AxisName;
  target: Target;
  info: ModelInfo;
  onChange: (target: Target) => void;
}

function axisLabel(axis: AxisName, target: Target): string {
  if (axis === "key") return "Read position";
  if (axis === "head" && keyValueHeads([target.site])) return "Key-value head";
  return axis[0]!.toUpperCase() + axis.slice(1);
}

function sizeOf(axis: AxisName, target: Target, info: ModelInfo): number | null {
  if (axis === "layer") return info.n_layers;
  if (axis === "head") return headsOf(info, target.site);
  return axis === "neuron" ? (info.d_mlp ?? null) : null;
}

/** What a target selects of one axis, as a list of indices; empty for all. */
export function AxisIndices({ axis, target, info, onChange }: AxisIndicesProps) {
  const list = asList(target[axis]);
  const shown = list ? showIndices(list) : "";
  const [typed, setTyped] = useState<{ text: string; shown: string } | null>(null);
  const text = typed?.shown === shown ? typed.text : shown;
  const count = sizeOf(axis, target, info);
  const parsed = parseIndices(text);
  const outside = parsed.ok && count !== null && parsed.value.some((i) => i >= count || i < -count);
  const commit = () => {
    if (!parsed.ok || outside) return;
    const { [axis]: _, ...rest } = target;
    const chosen = asChosen(parsed.value);
    onChange(chosen === null ? rest : { ...rest, [axis]: chosen });
    setTyped(null);
  };
  return (
    <Field
      label={axisLabel(axis, target)}
      word={axisWord(axis, [target.site])}
      note={count !== null && `0–${count - 1}`}
    >
      <input
        className={cx(styles.input, styles.mono)}
        value={text}
        placeholder="all"
        aria-invalid={!parsed.ok || outside}
        title={parsed.ok ? "Indices such as 0-3, 5; empty for all" : parsed.reason}
        onChange={(event) => setTyped({ text: event.target.value, shown })}
        onBlur={() => typed && commit()}
        onKeyDown={(event) => event.key === "Enter" && commit()}
      />
      <Fault at={`/${axis}`} />
    </Field>
  );
}
