// What the numbers of one part look like from afar: how long the vector at each position is.
import type { CaptureEntry } from "../api/types";
import { indicesOf } from "./entry";
import type { NumberArray } from "./npy";

export interface AtPosition {
  position: number;
  /** Of all values there, also those of several heads. */
  length: number;
  first: number[];
}

const FIRST = 6;

/** One line for each position; none where the part has no positions. */
export function lengthsOf(entry: CaptureEntry, { shape, values }: NumberArray): AtPosition[] {
  const axis = entry.dims.indexOf("position");
  if (axis < 0) return [];
  const after = shape.slice(axis + 1).reduce((all, each) => all * each, 1);
  const size = shape[axis]!;
  const before = values.length / (size * after);
  return indicesOf(entry, "position").map((position, at) => {
    const first: number[] = [];
    let squares = 0;
    for (let block = 0; block < before; block++) {
      const start = (block * size + at) * after;
      for (let index = start; index < start + after; index++) {
        const value = values[index]!;
        squares += value * value;
        if (first.length < FIRST) first.push(value);
      }
    }
    return { position, length: Math.sqrt(squares), first };
  });
}
