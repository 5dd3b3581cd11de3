import type { CaptureEntry, CaptureRecord } from "../api/types";
import { SceneView } from "../charts/SceneView";
import type { Scene } from "../charts/scene";
import { number } from "../lib/format";
import { styles } from "../ui/ui";
import css from "./captures.module.css";
import { entryName, placeLabel } from "./entry";
import { lengthsOf } from "./lengths";
import type { NumberArray } from "./npy";

const [WIDTH, HEIGHT] = [160, 12];

function bar(length: number, most: number): Scene {
  const width = most > 0 && Number.isFinite(length) ? (length / most) * WIDTH : 0;
  const mark = { kind: "rect" as const, x: 0, y: 1, width, height: HEIGHT - 2, fill: "--clean" };
  return { width: WIDTH, height: HEIGHT, marks: width > 0 ? [mark] : [] };
}

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
  const most = Math.max(...lines.map(({ length }) => (Number.isFinite(length) ? length : 0)));
  return (
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
          {lines.map(({ position, length, first }) => (
            <tr key={position}>
              <th scope="row">{placeLabel("position", position, tokens)}</th>
              <td className={styles.num}>
                {Number.isFinite(length) ? number(length) : "not finite"}
              </td>
              <td>
                <SceneView scene={bar(length, most)} />
              </td>
              <td className={css.first}>{first.map(shown).join("  ")} …</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const shown = (value: number) => (Number.isFinite(value) ? number(value) : String(value));
