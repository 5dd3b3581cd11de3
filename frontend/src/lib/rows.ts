// Keys of a list below its search: down to the rows, from row to row, and up again.
import type { KeyboardEvent } from "react";

/** The search of a view, which the key / leads to. */
export const SEARCH_ID = "list-search";
/** The list that the search is of. */
export const ROWS_ID = "list-rows";

/** Puts the focus into the view's search; false where it has none. */
export function focusSearch(): boolean {
  const search = document.getElementById(SEARCH_ID);
  search?.focus();
  return search !== null;
}

/** Arrow down in the search: to the first row. */
export function toRows(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown") return;
  const first = document.getElementById(ROWS_ID)?.querySelector<HTMLElement>("a[href]");
  if (!first) return;
  event.preventDefault();
  first.focus();
}

/** Arrow up and down among rows: from check box to check box, else from link to link. */
export function walkRows(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = event.target as HTMLElement;
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const box = from.matches("input[type=checkbox]");
  if (!box && from.matches("input, textarea, select")) return;
  const rows = [...event.currentTarget.children];
  const next = rows[rows.findIndex((row) => row.contains(from)) + step];
  const there = next?.querySelector<HTMLElement>(box ? "input[type=checkbox]" : "a[href]");
  event.preventDefault();
  if (there) there.focus();
  else if (step < 0) focusSearch();
}
