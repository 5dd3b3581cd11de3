// Three grids on one scale: title, legend and notes, for the page and for files.
import { domainOf, ENDS, table } from "../charts/colour";
import { showValue, unitOf } from "../explorer/gridView";
import type { Theme } from "../lib/theme";
import type { Scale } from "./mapPicture";
import type { Trio } from "./pair";

export const SIDES = [
  { key: "a", title: "A" },
  { key: "b", title: "B" },
  { key: "difference", title: "B − A" },
] as const;

export interface TrioChart {
  scale: Scale;
  title: string;
  notes: string[];
}

export function trioChart(three: Trio, theme: Theme): TrioChart {
  const { a, b, difference } = three;
  const domain = domainOf([...a.values, ...b.values, ...difference.values], true);
  const { up, down } = ENDS.RdBu;
  return {
    scale: { domain, colours: table("RdBu", theme) },
    title: `${whatOf(three)}, ${unitOf(difference)}, one scale for all three`,
    notes: [
      `A and B: ${up} is more. B − A: ${up} is larger in B, ${down} larger in A`,
      `ends at the 99th percentile, ${domain.below + domain.above || "nothing"} beyond`,
      ...(difference.floor === null
        ? ["noise floor not known: one of the two has none"]
        : [`bracket: noise floor ±${withUnit(three, difference.floor)} for B − A`]),
    ],
  };
}

/** "Change of Probability ␣Paris", or the metric alone where it has no clean value. */
export function whatOf({ a, difference }: Trio): string {
  return `${a.isChange ? "Change of " : ""}${difference.name}`;
}

function withUnit({ difference }: Trio, value: number): string {
  const text = showValue(difference, value).replace("+", "");
  return text + (difference.unit === "probability" ? "" : ` ${difference.unit}`);
}
