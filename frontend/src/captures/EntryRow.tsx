import type { CaptureEntry, Token } from "../api/types";
import { count } from "../lib/format";
import { Button, styles } from "../ui/ui";
import css from "./captures.module.css";
import { entryMeaning, entryName } from "./entry";
import { COLUMNS, statistic } from "./statisticsFile";

interface EntryRowProps {
  entry: CaptureEntry;
  tokens: readonly Token[];
  chosen: boolean;
  onChoose: () => void;
  onSave: (() => void) | null;
}

/** The statistics of one part; values that are not finite are counted, never averaged. */
export function EntryRow({ entry, tokens, chosen, onChoose, onSave }: EntryRowProps) {
  const { statistics: stats } = entry;
  const name = entryName(entry, tokens);
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
      {COLUMNS.map((column) => (
        <td key={column.key} className={styles.num}>
          {statistic(stats, column)}
          {column.key === "n_zero" && stats.n_non_finite > 0 && (
            <small> · {count(stats.n_non_finite, "value")} not finite, left out</small>
          )}
        </td>
      ))}
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
