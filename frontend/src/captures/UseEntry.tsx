import { useState } from "react";
import { useLocation } from "wouter";
import type { CaptureEntry, CaptureRecord, Edit } from "../api/types";
import { useAddVector } from "../api/vectors";
import { number } from "../lib/format";
import { useDraft } from "../state/draft";
import { Term } from "../ui/Term";
import { Button, Field, Notice, styles } from "../ui/ui";
import css from "./captures.module.css";
import {
  entryName,
  hasDirections,
  indicesOf,
  placeLabel,
  rowDims,
  targetOf,
  vectorName,
} from "./entry";
import { rowOf } from "./npy";
import { useArray } from "./queries";
import { ValuesTable } from "./ValuesTable";

/** Numbers of one part that are read only to be shown. */
const MOST = 4_000_000;

interface UseEntryProps {
  record: CaptureRecord;
  entry: CaptureEntry;
}

/** The values of an entry; one vector of it, to be added elsewhere; or the whole prompt as the source of a patch. */
export function UseEntry({ record, entry }: UseEntryProps) {
  const { data } = record;
  const [, go] = useLocation();
  const addEdit = useDraft((state) => state.addEdit);
  const keep = useAddVector();
  const dims = rowDims(entry);
  const named = entryName(entry, data.tokens);
  const usable = data.n_bytes > 0 && hasDirections(entry);
  const seen = data.n_bytes > 0 && entry.statistics.n <= MOST;
  const array = useArray(record.id, usable || seen ? entry.name : null);
  const [at, setAt] = useState<Record<string, number>>(() =>
    Object.fromEntries(
      dims.map((dim) => [dim, dim === "position" ? entry.shape[dims.indexOf(dim)]! - 1 : 0]),
    ),
  );
  const place = Object.fromEntries(dims.map((dim) => [dim, indicesOf(entry, dim)[at[dim]!]!]));
  const row = array.data
    ? rowOf(
        array.data,
        dims.map((dim) => at[dim]!),
      )
    : null;
  const finite = row?.every(Number.isFinite) ?? false;
  // Added at every position: which one it was read at does not matter there.
  const { position: _, ...everywhere } = place;
  const { position: __, ...part } = targetOf(entry);

  const begin = (edit: Edit) => {
    addEdit(edit);
    go("/w");
  };
  const asDirection = () =>
    keep.mutate(
      { values: row!, name: vectorName(entry, place, data.tokens), dtype: array.data!.dtype },
      {
        onSuccess: ({ sha256 }) =>
          begin({
            target: { ...part, ...everywhere },
            op: { kind: "add", direction: { kind: "stored", sha256 }, scale: 1, unit: "vector" },
          }),
      },
    );

  return (
    <section className={css.use} aria-label={`Use ${named}`}>
      {seen && array.data && <ValuesTable record={record} entry={entry} array={array.data} />}
      <h3>Use them</h3>
      <p className={css.meta}>
        A capture is what a part computed on this prompt: look at it, add one of its vectors
        elsewhere, carry it over to another prompt, or take the file into your own analysis.
      </p>
      {usable && (
        <>
          <div className={css.choose}>
            {dims.map((dim) => (
              <Field key={dim} label={dim[0]!.toUpperCase() + dim.slice(1)}>
                <select
                  className={styles.input}
                  value={at[dim]}
                  onChange={(event) => setAt({ ...at, [dim]: Number(event.target.value) })}
                >
                  {indicesOf(entry, dim).map((index, i) => (
                    <option key={index} value={i}>
                      {placeLabel(dim, index, data.tokens)}
                    </option>
                  ))}
                </select>
              </Field>
            ))}
            <Button disabled={!finite || keep.isPending} onClick={asDirection}>
              Add this vector in the workbench
            </Button>
          </div>
          <p className={css.meta}>
            {row && finite ? (
              <>
                A <Term id="vector">vector</Term> of {row.length} numbers,{" "}
                <Term id="norm">length</Term> {number(Math.hypot(...row))}. It is kept on the
                server, and added (<Term id="add">add</Term>) at its own part with strength 1.
              </>
            ) : row ? (
              "This vector holds values that are not finite, so it cannot be added."
            ) : (
              "Reading the values…"
            )}
          </p>
        </>
      )}
      {!usable && (
        <Notice>
          {data.n_bytes === 0
            ? "Only statistics were kept of this capture, so there is no vector to use."
            : "What is selected here is no whole vector of the model, so it cannot be added."}
        </Notice>
      )}
      {(data.spec.edits ?? []).length === 0 && (
        <div>
          <Button
            onClick={() =>
              begin({
                target: targetOf(entry),
                op: { kind: "patch", source_prompt: data.spec.prompt },
              })
            }
          >
            Patch this part from this prompt
          </Button>{" "}
          <Term id="patching" of="a patch" />
        </div>
      )}
    </section>
  );
}
