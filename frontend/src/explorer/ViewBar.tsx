import type { GridData } from "../api/types";
import { DIVERGING, SEQUENTIAL } from "../charts/colour";
import { type HeatLayout, longDims } from "../charts/heatLayout";
import type { WordId } from "../lib/glossary";
import { Term } from "../ui/Term";
import { Segmented, styles } from "../ui/ui";
import css from "./explorer.module.css";
import { isLine } from "./gridChart";
import type { Shown } from "./gridView";
import type { GridView } from "./useGridView";

interface ViewBarProps {
  grid: GridData;
  shown: Shown;
  view: GridView;
  layout: Pick<HeatLayout, "rowDim" | "colDim">;
  onChange: (changes: Record<string, string | null>) => void;
}

const BLOCKS = [1, 2, 4, 8, 16, 32, 64, 128];

/** How the chart is drawn: axes, colours, ends of the scale. The numbers stay as they are. */
export function ViewBar({ grid, shown, view, layout, onChange }: ViewBarProps) {
  const long = longDims(grid);
  const line = isLine(grid);
  const pairs = long.flatMap((row) => long.filter((col) => col !== row).map((col) => [row, col]));
  const usual = `${layout.rowDim},${layout.colDim}`;
  const palettes: readonly string[] = shown.signed ? DIVERGING : SEQUENTIAL;
  const palette = view.palette(shown.signed);
  const neurons = layout.colDim === "neuron" && (grid.coords.neuron?.length ?? 0) > 16;
  return (
    <div className={css.viewBar}>
      {pairs.length > 1 && (
        <Select
          label="Axes"
          word="axis"
          value={usual}
          options={pairs.map(([row, col]) => [`${row},${col}`, `${row} × ${col}`])}
          onChange={(grid) => onChange({ grid })}
        />
      )}
      {neurons && (
        <Select
          label="Neurons to a square"
          word="block"
          value={String(view.block ?? "")}
          options={[["", "as many as fit"], ...BLOCKS.map((n) => [String(n), String(n)])]}
          onChange={(block) => onChange({ block: block || null })}
        />
      )}
      {line ? (
        <>
          <Segmented
            label="Scale of the axis"
            value={view.scale}
            options={[
              { value: "linear", label: "linear" },
              { value: "symlog", label: "symlog", title: "Linear near 0, logarithmic beyond" },
            ]}
            onChange={(scale) => onChange({ scale: scale === "linear" ? null : scale })}
          />
          <Term id="log_scale" of="a symlog axis" />
        </>
      ) : (
        <>
          <Segmented
            label="Colours"
            value={palette as string}
            options={palettes.map((value) => ({ value, label: value }))}
            onChange={(colours) => onChange({ colours: colours === palettes[0] ? null : colours })}
          />
          <Term id="colours" of="the colours" />
          <Segmented
            label="Ends of the scale"
            value={view.clip}
            options={[
              { value: "p99", label: "99 %", title: "The scale ends at the 99th percentile" },
              { value: "max", label: "max", title: "The scale ends at the largest cell" },
            ]}
            onChange={(clip) => onChange({ clip: clip === "p99" ? null : clip })}
          />
          <Term id="clipping" of="the ends of the scale" />
        </>
      )}
    </div>
  );
}

interface SelectProps {
  label: string;
  word: WordId;
  value: string;
  options: readonly (readonly string[])[];
  onChange: (value: string) => void;
}

function Select({ label, word, value, options, onChange }: SelectProps) {
  return (
    <label className={css.select}>
      <Term id={word}>{label}</Term>
      <select
        className={styles.input}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
