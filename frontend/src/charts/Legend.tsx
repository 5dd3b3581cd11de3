import { useWidth } from "../lib/hooks";
import css from "./heatmap.module.css";
import { type LegendWord, LegendWords } from "./LegendWords";
import { type LegendInput, legendScene } from "./legendScene";
import { SceneView } from "./SceneView";

interface LegendProps extends Omit<LegendInput, "width"> {
  title: string;
  /** What positive means, noise, clipping, controls: every line below the bar. */
  notes: readonly string[];
  pending: number;
  running: boolean;
  failed: number;
  /** The terms of the notes, each linked to its plain words. */
  words: readonly LegendWord[];
}

/** The scale: unit, ends, zero, what positive means, clipping, and what is not a value. */
export function Legend({ title, notes, pending, running, failed, words, ...input }: LegendProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  return (
    <section className={css.legend} aria-label="Legend">
      <b>{title}</b>
      <div ref={ref} className={css.scale}>
        {width > 0 && (
          <SceneView
            scene={legendScene({ ...input, width })}
            label={`Colours from ${input.show(input.domain.low)} to ${input.show(input.domain.high)}`}
          />
        )}
      </div>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
        {pending > 0 && (
          <li className={running ? css.comingKey : css.pendingKey}>{pending} not run</li>
        )}
        {failed > 0 && <li className={css.failedKey}>{failed} without a value</li>}
      </ul>
      <LegendWords words={words} />
    </section>
  );
}
