// Where the address holds a draft: in the query, or behind # where it would be too long for one.
import { useSyncExternalStore } from "react";
import { useSearch } from "wouter";
import { withParams } from "./url";

/** Servers and mail programs cut longer queries; what stands behind # is sent to no server. */
export const LONGEST_QUERY = 1500;

const EVENTS = ["popstate", "hashchange", "pushState", "replaceState"];

function subscribe(listener: () => void): () => void {
  for (const event of EVENTS) window.addEventListener(event, listener);
  return () => {
    for (const event of EVENTS) window.removeEventListener(event, listener);
  };
}

/** The encoded draft of an address; "" where it has none. */
export function draftIn(search: string, hash: string): string {
  const inQuery = new URLSearchParams(search).get("spec");
  return inQuery ?? new URLSearchParams(hash.slice(1)).get("spec") ?? "";
}

/** An address with this encoded draft, or with none. */
export function withDraft(path: string, search: string, text: string): string {
  const long = text.length > LONGEST_QUERY;
  return `${path}${withParams(search, { spec: long ? null : text })}${long ? `#spec=${text}` : ""}`;
}

/** The encoded draft of the address, followed as it changes. */
export function useGivenDraft(): string {
  const search = useSearch();
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return draftIn(search, hash);
}
