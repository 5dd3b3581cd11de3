// What keys do in the workbench.
import type { Edit } from "../api/types";
import { asChosen, asList } from "../lib/indices";

/** One edit moved by some layers, all of its layers together; unchanged at the model's ends. */
export function shiftLayer(edits: Edit[], index: number, by: number, layers: number): Edit[] {
  const edit = edits[index];
  const now = asList(edit?.target.layer);
  const next = now?.map((layer) => layer + by);
  if (!edit || !next || next.some((layer) => layer < 0 || layer >= layers)) return edits;
  const target = { ...edit.target, layer: asChosen(next) };
  return edits.map((each, i) => (i === index ? { ...edit, target } : each));
}
