// The filters of a list and the address that holds them.
import { useLocation, useSearch } from "wouter";
import { withParams } from "../state/url";
import { type Filters, readFilters } from "./filters";

/** What the address asks for, and how to change it; a change leads back to the first page. */
export function useFilters(): [Filters, (changes: Partial<Filters>) => void] {
  const [path, go] = useLocation();
  const filters = readFilters(new URLSearchParams(useSearch()));
  const set = (changes: Partial<Filters>) => {
    const written = Object.entries(changes).map(([name, value]) => [
      name,
      typeof value === "boolean" ? (value ? "1" : null) : value,
    ]);
    const params = { ...Object.fromEntries(written), after: null };
    go(path + withParams(window.location.search, params), { replace: true });
  };
  return [filters, set];
}
