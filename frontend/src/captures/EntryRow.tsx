import type { CaptureEntry } from "../api/types";
import { count, number } from "../lib/format";
import { Button, styles } from "../ui/ui";
import css from "./captures.module.css";
import { entryMeaning, entryName } from "./entry";

interface EntryRowProps {
  entry: CaptureEntry;
  chosen: boolean;
  onChoose: () => void;
  onSave: (() => void) | null;
}

/** The statistics of one part; values that are not finite are counted, never averaged. */
export function EntryRow({ entry, chosen, onChoose, onSave }: EntryRowProps) {
  const { statistics: stats } = entry;
  const shown = [stats.mean, stats.std, stats.min, stats.max, stats.mean_norm];
  const name = entryName(entry);
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          className={css.name}
          aria-pressed={chosen}
          title={`${entryMeaning(entry)}${entry.note ? ` (${entry.note})` : ""}`}
          onClick={onChoose}
        >
          {name}
        </button>
      </th>
      <td title={entry.dims.join(" × ")}>
        {entry.shape.join(" × ")} <small>{entry.dtype}</small>
      </td>
      {shown.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns do not move
        <td key={index} className={styles.num}>
          {value === null ? "none" : number(value)}
        </td>
      ))}
      <td className={styles.num}>
        {stats.n_zero.toLocaleString("en")}
        {stats.n_non_finite > 0 && (
          <small> · {count(stats.n_non_finite, "value")} not finite, left out</small>
        )}
      </td>
      <td>
        {onSave && (
          <Button small look="quiet" aria-label={`Download ${name} as .npy`} onClick={onSave}>
            .npy
          </Button>
        )}
      </td>
    </tr>
  );
}
