// The filters of the history as the address writes them, and as the server is asked.
import type { OpKind, Site } from "../api/types";
import { OPS, SITES } from "../lib/words";

/** All that a search can name; empty where nothing is chosen. Days are local: 2026-11-23. */
export interface Filters {
  q: string;
  kind: "" | "run" | "sweep";
  model: string;
  op: OpKind | "";
  site: Site | "";
  from: string;
  to: string;
  tag: string;
  starred: boolean;
}

export interface HistoryQuery {
  q?: string;
  kind?: "run" | "sweep";
  model?: string;
  op?: OpKind;
  site?: Site;
  since?: string;
  until?: string;
  tag?: string;
  starred?: boolean;
}

export const NO_FILTERS: Filters = {
  q: "",
  kind: "",
  model: "",
  op: "",
  site: "",
  from: "",
  to: "",
  tag: "",
  starred: false,
};

/** What an address asks for; a word that no filter knows counts as none. */
export function readFilters(params: URLSearchParams): Filters {
  const get = (name: string) => params.get(name) ?? "";
  const kind = get("kind");
  const day = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(get(name)) ? get(name) : "");
  return {
    q: get("q"),
    kind: kind === "run" || kind === "sweep" ? kind : "",
    model: get("model"),
    op: get("op") in OPS ? (get("op") as OpKind) : "",
    site: get("site") in SITES ? (get("site") as Site) : "",
    from: day("from"),
    to: day("to"),
    tag: get("tag"),
    starred: get("starred") === "1",
  };
}

/** The same filters where only a search, a model and days apply: for captures. */
export function captureFilters({ q, model, from, to }: Filters): Filters {
  return { ...NO_FILTERS, q, model, from, to };
}

/** Midnight of a day, or of the day after it, here, as the server reads it. */
function midnight(day: string, later: number): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  const moment = new Date(year!, month! - 1, date! + later);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/** The same as the server's parameters; the last day is counted in. */
export function toQuery(filters: Filters): HistoryQuery {
  const { from, to, ...rest } = filters;
  const chosen = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
  return {
    ...chosen,
    ...(from && { since: midnight(from, 0) }),
    ...(to && { until: midnight(to, 1) }),
  };
}

export function anyFilter(filters: Filters): boolean {
  return Object.values(filters).some(Boolean);
}

/** Filters beside the search that are easily overlooked when they are folded away. */
export function furtherFilters({ model, op, site, from, to, tag }: Filters): number {
  return [model, op, site, from, to, tag].filter(Boolean).length;
}
