// What a step speaks of is brought into view and outlined, and given the keys where they are meant.
import { useEffect } from "react";

export type Place = "question" | "map" | "presets" | "grid" | "cell";

const WHERE: Record<Place, string> = {
  question: 'section[aria-label="Question"]',
  map: '[aria-label="Model map"]',
  presets: '[aria-label="Questions to begin with"]',
  grid: "[role=grid]",
  cell: 'section[aria-label="Cell"]',
};
const MARK = "data-learn-place";
/** How often the view is looked at, and how many times it may still move under the reader. */
const [EVERY_MS, MOVES] = [100, 40];

const find = (selector: string) => document.querySelector<HTMLElement>(`main ${selector}`);

/** Shows a step's place once its view is there; null shows none. */
export function usePlace(place: Place | null, step: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new step shows its place again
  useEffect(() => {
    if (!place) return;
    let left = MOVES;
    let shown: HTMLElement | null = null;
    const timer = setInterval(() => {
      const found = find(WHERE[place]);
      left -= 1;
      // A view that is drawn anew, as after a run, has new elements.
      if (!found || found === shown) return;
      shown?.removeAttribute(MARK);
      shown = found;
      found.setAttribute(MARK, "");
      if (left > 0) {
        if (place === "cell") find(WHERE.grid)?.focus({ preventScroll: true });
        found.scrollIntoView({ block: place === "cell" ? "nearest" : "start" });
      }
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      shown?.removeAttribute(MARK);
    };
  }, [place, step]);
}
