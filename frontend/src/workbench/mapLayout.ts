// The parts of a model as rows of cells: embeddings, one row for each layer, the final norm.
import type { ModelInfo, Site, SiteReport, Target } from "../api/types";
import { asList } from "../lib/indices";
import { headsOf, INSIDE_ATTENTION, keyValueHeads, SITES } from "../lib/words";

export interface MapCell {
  key: string;
  target: Target;
  /** What it is called for those who cannot see the map. */
  name: string;
  certified: boolean;
  /** Why it is not certified. */
  reason: string;
  /** Cells of one slot stand above each other; arrows up and down keep to it. */
  slot: string;
}

export interface MapRow {
  layer: number | null;
  label: string;
  cells: MapCell[];
}

/** What a square of a head stands for: its result, or a step on the way to it. */
export const HEAD_SITES: readonly Site[] = ["z", ...INSIDE_ATTENTION];

/** Above so many heads in all, only the active layer shows its heads. */
export const MANY_HEADS = 700;

/** Rows of the map; the squares of heads stand for `headSite`. */
export function mapRows(info: ModelInfo, openLayer: number, headSite: Site = "z"): MapRow[] {
  const allowed = new Map(info.sites.map((site) => [site.site, site]));
  const heads = headsOf(info, headSite) ?? 0;
  const crowded = heads * info.n_layers > MANY_HEADS;

  const cell = (site: Site, name: string, layer: number | null, head?: number): MapCell => {
    const report = allowed.get(site);
    const target: Target = {
      site,
      ...(layer !== null && { layer }),
      ...(head !== undefined && { head }),
    };
    const certified = Boolean(
      report?.certified && (layer === null || (report.layers ?? []).includes(layer)),
    );
    return {
      key: cellKey(target),
      target,
      name: layer === null ? name : `layer ${layer}, ${name}`,
      certified,
      reason: certified ? "" : refusalAt(report, layer) || "it was not found in this layer",
      slot: head === undefined ? site : `head ${head}`,
    };
  };

  const layers = Array.from({ length: info.n_layers }, (_, layer): MapRow => {
    const open = heads > 0 && (!crowded || layer === openLayer);
    return {
      layer,
      label: String(layer),
      cells: [
        cell("resid_pre", "stream in", layer),
        cell("attn_out", "attention", layer),
        ...(open
          ? Array.from({ length: heads }, (_, head) =>
              cell(headSite, headName(headSite, head), layer, head),
            )
          : []),
        cell("resid_mid", "stream mid", layer),
        cell("mlp_out", "MLP", layer),
        cell("mlp_act", "neurons", layer),
        cell("resid_post", "stream out", layer),
      ],
    };
  });
  return [
    { layer: null, label: "", cells: [cell("embed", "embeddings", null)] },
    ...layers,
    { layer: null, label: "", cells: [cell("final_norm", "final norm", null)] },
  ];
}

/** Why a site is refused at a layer, where it is known for the layer. */
function refusalAt(report: SiteReport | undefined, layer: number | null): string | undefined {
  const here = report?.refused?.filter(
    ({ layers }) => layer === null || (layers ?? []).includes(layer),
  );
  return here?.map(({ reason }) => reason).join("; ") || report?.reason;
}

function headName(site: Site, head: number): string {
  if (site === "z") return `head ${head}`;
  return `${SITES[site].short} of ${keyValueHeads([site]) ? "key-value head" : "head"} ${head}`;
}

/** One square of a layer stands for one head of this site. */
export function hasSquares(site: Site): boolean {
  return HEAD_SITES.includes(site);
}

export function cellKey({ site, layer, head }: Target): string {
  return [site, asList(layer)?.join(",") ?? "", asList(head)?.join(",") ?? ""].join(".");
}

/** The keys of all cells that a target touches: lists and whole axes light up several. */
export function keysOf(target: Target, info: ModelInfo): string[] {
  const layered = target.site !== "embed" && target.site !== "final_norm";
  const all = (n: number) => Array.from({ length: n }, (_, i) => i);
  const layers = layered ? (asList(target.layer) ?? all(info.n_layers)) : [null];
  const fix = (index: number, n: number) => (index < 0 ? index + n : index);
  return layers.flatMap((layer) => {
    const at = layer === null ? {} : { layer: fix(layer, info.n_layers) };
    const { site } = target;
    if (!hasSquares(site)) return [cellKey({ site, ...at })];
    const count = headsOf(info, site) ?? 0;
    const heads = asList(target.head) ?? all(count);
    return heads.map((head) => cellKey({ site, ...at, head: fix(head, count) }));
  });
}

/** Where an arrow key leads from a cell; null when the key is not ours. */
export function neighbour(rows: readonly MapRow[], key: string, arrow: string): MapCell | null {
  const row = rows.findIndex((each) => each.cells.some((cell) => cell.key === key));
  const here = rows[row]?.cells ?? [];
  const col = here.findIndex((cell) => cell.key === key);
  if (col < 0) return rows[0]?.cells[0] ?? null;
  const beside = (to: number) => here[Math.min(here.length - 1, Math.max(0, to))]!;
  const vertical = (to: number) => {
    const cells = rows[Math.min(rows.length - 1, Math.max(0, to))]!.cells;
    const slot = here[col]!.slot;
    return (
      cells.find((cell) => cell.slot === slot) ??
      cells.find((cell) => slot.startsWith("head ") && cell.slot === "attn_out") ??
      cells[Math.min(col, cells.length - 1)]!
    );
  };
  switch (arrow) {
    case "ArrowLeft":
      return beside(col - 1);
    case "ArrowRight":
      return beside(col + 1);
    case "Home":
      return beside(0);
    case "End":
      return beside(here.length - 1);
    case "ArrowUp":
      return vertical(row - 1);
    case "ArrowDown":
      return vertical(row + 1);
    default:
      return null;
  }
}
