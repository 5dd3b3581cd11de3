// Choices of a view that are in its address, so that a link and a reload show the same.
import { useLocation, useSearch } from "wouter";
import { withParams } from "../state/url";

/** What of these the address names; the first of them where it names none. */
export function choiceIn<T extends string>(search: string, name: string, all: readonly T[]): T {
  const asked = new URLSearchParams(search).get(name);
  return all.find((each) => each === asked) ?? all[0]!;
}

/** One of a few, by a name of the address; the first is not written. Back leads to the one before. */
export function useChoice<T extends string>(
  name: string,
  all: readonly T[],
): [T, (value: T) => void] {
  const [path, go] = useLocation();
  const value = choiceIn(useSearch(), name, all);
  const choose = (next: T) => {
    const changed = { [name]: next === all[0] ? null : next };
    if (next !== value) go(path + withParams(window.location.search, changed));
  };
  return [value, choose];
}

/** How a result is shown stays as it is when another one takes its place. */
export function choicesOf(search: string): string {
  const all = new URLSearchParams(search);
  return withParams("", { tab: all.get("tab"), axis: all.get("axis") });
}
