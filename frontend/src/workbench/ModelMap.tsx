import { type KeyboardEvent, type MouseEvent, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { ModelInfo, Site } from "../api/types";
import { asList } from "../lib/indices";
import { SITES } from "../lib/words";
import { type Group, useDraft } from "../state/draft";
import { Term } from "../ui/Term";
import { cx, Segmented } from "../ui/ui";
import css from "./map.module.css";
import { HEAD_SITES, hasSquares, keysOf, type MapCell, mapRows, neighbour } from "./mapLayout";

const FACES: Partial<Record<Site, string>> = {
  embed: "embeddings",
  attn_out: "attention",
  mlp_out: "MLP",
  mlp_act: "neurons",
  final_norm: "final norm",
};

const HINT =
  "Click moves the selected edit; Shift-click adds another. Arrow keys walk, Enter chooses, Delete removes.";

function about({ certified, name, target, reason }: MapCell): string {
  return certified
    ? `${name}: ${SITES[target.site].meaning}`
    : `${name}: not certified on this model: ${reason}`;
}

/** The model, drawn from what was found in it. A click moves the selected edit, Shift adds one. */
export function ModelMap({ info }: { info: ModelInfo }) {
  const { draft, group, selected, place, select, remove } = useDraft();
  const owners = new Map<string, { group: Group; index: number }>();
  for (const each of ["held", "edits"] as const) {
    draft[each].forEach((edit, index) => {
      for (const key of keysOf(edit.target, info)) owners.set(key, { group: each, index });
    });
  }
  const target = draft[group][selected]?.target;
  const first = target ? keysOf(target, info)[0] : undefined;
  const [focus, setFocus] = useState<string | null>(null);
  const [pointed, setPointed] = useState<string | null>(null);
  const [headSite, setHeadSite] = useHeadSite(target?.site);
  const open = Number((focus ?? first ?? "").split(".")[1] || (asList(target?.layer)?.[0] ?? 0));
  const rows = mapRows(info, open, headSite);
  const all = rows.flatMap((row) => row.cells);
  const has = (key: string | null | undefined) => all.some((cell) => cell.key === key);
  const tabStop = has(focus) ? focus : has(first) ? first : all[0]?.key;
  const told = all.find((cell) => cell.key === pointed);
  const root = useRef<HTMLDivElement>(null);

  const use = (cell: MapCell, add: boolean) => {
    setFocus(cell.key);
    if (!cell.certified) return;
    const owner = owners.get(cell.key);
    if (owner) return select(owner.index, owner.group);
    const keep = target?.position;
    place(keep === undefined || add ? cell.target : { ...cell.target, position: keep }, add);
  };

  const onKeyDown = (event: KeyboardEvent, cell: MapCell) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      const owner = owners.get(cell.key);
      if (owner) remove(owner.index, owner.group);
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
    <div className={css.frame} ref={root} role="group" aria-label="Model map">
      {(info.n_heads ?? 0) > 0 && (
        <div className={css.inside}>
          <span className={css.insideLabel}>Heads show their</span>
          <Segmented
            label="What the squares of heads stand for"
            value={headSite}
            options={HEAD_SITES.map((site) => ({
              value: site,
              label: site === "z" ? "result" : SITES[site].short,
              title: SITES[site].meaning,
            }))}
            onChange={setHeadSite}
          />
        </div>
      )}
      <div className={css.map}>
        {rows.map(({ layer, label, cells }) => (
          <div key={layer ?? cells[0]!.key} className={layer === null ? css.end : css.layer}>
            <span className={css.label} aria-hidden="true">
              {label}
            </span>
            {cells.map((cell) => {
              const owner = owners.get(cell.key);
              return (
                <button
                  key={cell.key}
                  type="button"
                  data-key={cell.key}
                  data-site={cell.target.site}
                  className={cx(
                    css.cell,
                    hasSquares(cell.target.site) && css.head,
                    owner && css.edited,
                    owner?.group === "held" && css.held,
                    owner?.group === group && owner.index === selected && css.selected,
                  )}
                  tabIndex={cell.key === tabStop ? 0 : -1}
                  aria-label={cell.name}
                  aria-pressed={Boolean(owner)}
                  aria-disabled={!cell.certified}
                  title={about(cell)}
                  onClick={(event: MouseEvent) =>
                    use(cell, event.shiftKey || event.metaKey || event.ctrlKey)
                  }
                  onKeyDown={(event) => onKeyDown(event, cell)}
                  onPointerEnter={() => setPointed(cell.key)}
                  onPointerLeave={() => setPointed(null)}
                  onFocus={() => setPointed(cell.key)}
                  onBlur={() => setPointed(null)}
                >
                  {FACES[cell.target.site] ?? ""}
                </button>
              );
            })}
          </div>
        ))}
      </div>
      <p className={css.key}>
        The parts are <Term id="site">sites</Term>: the line is the{" "}
        <Term id="stream">residual stream</Term>, which each <Term id="layer">layer</Term>’s{" "}
        <Term id="attention">attention</Term> (of <Term id="head">heads</Term>) and{" "}
        <Term id="mlp">MLP</Term> (of <Term id="neuron">neurons</Term>) add to. Hatched ones are not{" "}
        <Term id="certified">certified</Term>.
      </p>
      <p className={cx(css.hint, told && !told.certified && css.refused)}>
        {told ? about(told) : HINT}
      </p>
    </div>
  );
}

/** The site that squares stand for: the one chosen last, by the switch or with an edit. */
function useHeadSite(edited: Site | undefined): [Site, (site: Site) => void] {
  const [chosen, setChosen] = useState<{ site: Site; during: Site | undefined } | null>(null);
  if (chosen && chosen.during === edited) return [chosen.site, set];
  return [edited && hasSquares(edited) ? edited : (chosen?.site ?? "z"), set];

  function set(site: Site) {
    setChosen({ site, during: edited });
  }
}
