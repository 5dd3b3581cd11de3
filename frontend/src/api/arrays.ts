// A grid that came as a file of arrays (neuronscope/spec/gridfile.py says what is in it): its
// numbers are the stored ones, to the last bit, and need no parser.
import type { CellStatus, GridData } from "./types";

interface Entry {
  dtype: "F64" | "I32" | "U8";
  shape: number[];
  data_offsets: [number, number];
}

const READERS = { F64: Float64Array, I32: Int32Array, U8: Uint8Array };

/** The grid of such a file. Throws an Error for one that is no such file or has another version. */
export function readGrid(file: ArrayBuffer): GridData {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const text = new TextDecoder().decode(new Uint8Array(file, 8, length));
  const { __metadata__: told, ...entries } = JSON.parse(text) as Record<string, Entry> & {
    __metadata__: Record<"grid" | "statuses" | "texts", string>;
  };
  const statuses = JSON.parse(told.statuses) as CellStatus[];
  const texts = JSON.parse(told.texts) as string[];

  const column = (name: string): number[] => {
    const entry = entries[name];
    if (!entry || !(entry.dtype in READERS)) throw new Error(`The grid's file has no ${name}.`);
    const [start, end] = entry.data_offsets;
    const bytes = file.slice(8 + length + start, 8 + length + end); // aligned, as a view is not
    return Array.from(new READERS[entry.dtype](bytes));
  };
  const numbers = (name: string) => column(name).map((each) => (Number.isNaN(each) ? null : each));
  const of = <T>(part: string, read: (name: string) => T[]): Record<string, T[]> =>
    Object.fromEntries(
      Object.keys(entries)
        .filter((name) => name.startsWith(part))
        .map((name) => [name.slice(part.length), read(name)]),
    );

  const [ids, places] = [column("top.id"), column("top.text")];
  const [logits, probs] = [numbers("top.logit"), numbers("top.prob")];
  return {
    ...(JSON.parse(told.grid) as GridData),
    values: of("values.", numbers),
    spread: of("spread.", numbers),
    status: of("status.", (name) => column(name).map((code) => statuses[code]!)),
    top: ids.map((id, i) =>
      id < 0
        ? null
        : { id, token: texts[places[i]!]!, logit: logits[i] ?? null, prob: probs[i] ?? null },
    ),
  };
}
