import type { CaptureEntry, CaptureRecord } from "../api/types";
import { ExportMenu } from "../charts/ExportMenu";
import { SceneView } from "../charts/SceneView";
import { number } from "../lib/format";
import { styles } from "../ui/ui";
import css from "./captures.module.css";
import { entryName, placeLabel } from "./entry";
import { lengthsOf } from "./lengths";
import { lengthBars, lengthsFile, showLength } from "./lengthsFile";
import type { NumberArray } from "./npy";

interface ValuesTableProps {
  record: CaptureRecord;
  entry: CaptureEntry;
  array: NumberArray;
}

/** The numbers of a part, word by word: how long each vector is, and how it begins. */
export function ValuesTable({ record, entry, array }: ValuesTableProps) {
  const { tokens } = record.data;
  const lines = lengthsOf(entry, array);
  if (lines.length === 0) return null;
  const bars = lengthBars(lines);
  return (
    <>
      <div className={css.valuesHead}>
        <h3>Values of {entryName(entry, tokens)}</h3>
        <ExportMenu file={() => lengthsFile(record, entry, lines)} />
      </div>
      <div
        className={css.values}
        tabIndex={0}
        role="region"
        aria-label={`Values of ${entryName(entry, tokens)}`}
      >
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Position</th>
              <th scope="col" className={styles.num} title="Euclidean length (norm) of the values">
                Length
              </th>
              <th scope="col">
                <span className="visually-hidden">Length as a bar</span>
              </th>
              <th scope="col">First values</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ position, length, first }, at) => (
              <tr key={position}>
                <th scope="row">{placeLabel("position", position, tokens)}</th>
                <td className={styles.num}>{showLength(length)}</td>
                <td>
                  <SceneView scene={bars[at]!} />
                </td>
                <td className={css.first}>{first.map(shown).join("  ")} …</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const shown = (value: number) => (Number.isFinite(value) ? number(value) : String(value));
