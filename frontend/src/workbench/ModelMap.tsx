import { type KeyboardEvent, type MouseEvent, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { ModelInfo } from "../api/types";
import { asList } from "../lib/indices";
import { SITES } from "../lib/names";
import { useDraft } from "../state/draft";
import { cx } from "../ui/ui";
import css from "./map.module.css";
import { keysOf, type MapCell, mapRows, neighbour } from "./mapLayout";

const FACES: Partial<Record<MapCell["target"]["site"], string>> = {
  embed: "embeddings",
  attn_out: "attention",
  mlp_out: "MLP",
  mlp_act: "neurons",
  final_norm: "final norm",
};

/** The model, drawn from what was found in it. A click moves the selected edit, Shift adds one. */
export function ModelMap({ info }: { info: ModelInfo }) {
  const { draft, selected, place, select, remove } = useDraft();
  const owners = new Map<string, number>();
  draft.edits.forEach((edit, index) => {
    for (const key of keysOf(edit.target, info)) owners.set(key, index);
  });
  const target = draft.edits[selected]?.target;
  const first = target ? keysOf(target, info)[0] : undefined;
  const [focus, setFocus] = useState<string | null>(null);
  const open = Number((focus ?? first ?? "").split(".")[1] || (asList(target?.layer)?.[0] ?? 0));
  const rows = mapRows(info, open);
  const all = rows.flatMap((row) => row.cells);
  const tabStop = all.some((cell) => cell.key === focus) ? focus : (first ?? all[0]?.key);
  const root = useRef<HTMLDivElement>(null);

  const use = (cell: MapCell, add: boolean) => {
    setFocus(cell.key);
    if (!cell.certified) return;
    const owner = owners.get(cell.key);
    if (owner !== undefined) return select(owner);
    const keep = draft.edits[selected]?.target.position;
    place(keep === undefined || add ? cell.target : { ...cell.target, position: keep }, add);
  };

  const onKeyDown = (event: KeyboardEvent, cell: MapCell) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      const owner = owners.get(cell.key);
      if (owner !== undefined) remove(owner);
      return;
    }
    const next = neighbour(rows, cell.key, event.key);
    if (!next) return;
    event.preventDefault();
    // The cell may only exist once its layer has opened.
    flushSync(() => setFocus(next.key));
    root.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(next.key)}"]`)?.focus();
  };

  return (
    <div className={css.map} ref={root} role="group" aria-label="Model map">
      {rows.map(({ layer, label, cells }) => (
        <div key={layer ?? cells[0]!.key} className={layer === null ? css.end : css.layer}>
          <span className={css.label} aria-hidden="true">
            {label}
          </span>
          {cells.map((cell) => {
            const owner = owners.get(cell.key);
            const reason = info.sites.find((site) => site.site === cell.target.site)?.reason;
            return (
              <button
                key={cell.key}
                type="button"
                data-key={cell.key}
                data-site={cell.target.site}
                className={cx(
                  css.cell,
                  owner !== undefined && css.edited,
                  owner === selected && css.selected,
                )}
                style={cell.target.site === "z" ? { gridColumn: "auto" } : undefined}
                tabIndex={cell.key === tabStop ? 0 : -1}
                aria-label={cell.name}
                aria-pressed={owner !== undefined}
                aria-disabled={!cell.certified}
                title={
                  cell.certified
                    ? `${cell.name}: ${SITES[cell.target.site].meaning}`
                    : `${cell.name}: not certified on this model. ${reason ?? ""}`
                }
                onClick={(event: MouseEvent) =>
                  use(cell, event.shiftKey || event.metaKey || event.ctrlKey)
                }
                onKeyDown={(event) => onKeyDown(event, cell)}
              >
                {FACES[cell.target.site] ?? ""}
              </button>
            );
          })}
        </div>
      ))}
      <p className={css.hint}>
        Click moves the selected edit; Shift-click adds another. Arrow keys walk, Enter chooses,
        Delete removes.
      </p>
    </div>
  );
}
