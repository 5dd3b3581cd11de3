// Bars beside rows and columns: the mean of each, and a mark at its largest cell.
import type { Domain } from "./colour";
import type { HeatLayout, Panel } from "./heatLayout";
import { boxPath, diamond, line, type Mark } from "./scene";
import { extremeOf, type Marginals, type Summary } from "./summaries";

export const ROOM = { right: 66, bottom: 46 };
const GAP = 8;
const LENGTH = 34;
const ACROSS = 50;
const REACH = 2.8;

/** Where a value stands on a bar of a length, within the scale of the cells. */
export function alongBar(value: number, { low, high }: Domain, length: number): number {
  const t = (value - low) / (high - low);
  return Math.min(1, Math.max(0, t)) * length;
}

export function marginalMarks(
  layout: HeatLayout,
  panel: Panel,
  sums: Marginals,
  domain: Domain,
): Mark[] {
  const x0 = layout.width + GAP;
  const y0 = panel.y + layout.panelHeight + GAP;
  const { width, height } = layout.cell;
  const zeroX = x0 + alongBar(0, domain, ACROSS);
  // Larger is up: the bars below the columns grow from their zero line upwards.
  const zeroY = y0 + LENGTH - alongBar(0, domain, LENGTH);
  const bars: string[] = [];
  const tips: string[] = [];
  const each = (summary: Summary, draw: (mean: number, extreme: number) => void) => {
    const extreme = extremeOf(summary);
    if (summary.mean !== null && extreme !== null) draw(summary.mean, extreme);
  };
  sums.rows.forEach((summary, row) => {
    const thick = Math.min(10, Math.max(1, height - 2));
    const middle = panel.y + (row + 0.5) * height;
    each(summary, (mean, extreme) => {
      const end = x0 + alongBar(mean, domain, ACROSS);
      bars.push(boxPath([Math.min(zeroX, end), middle - thick / 2, Math.abs(end - zeroX), thick]));
      tips.push(diamond(x0 + alongBar(extreme, domain, ACROSS), middle, REACH));
    });
  });
  sums.cols.forEach((summary, col) => {
    const thick = Math.min(14, Math.max(1, width - 2));
    const middle = layout.left + (col + 0.5) * width;
    each(summary, (mean, extreme) => {
      const end = y0 + LENGTH - alongBar(mean, domain, LENGTH);
      bars.push(boxPath([middle - thick / 2, Math.min(zeroY, end), thick, Math.abs(end - zeroY)]));
      tips.push(diamond(middle, y0 + LENGTH - alongBar(extreme, domain, LENGTH), REACH));
    });
  });
  const zero =
    line(zeroX, panel.y, zeroX, panel.y + layout.panelHeight) +
    line(layout.left, zeroY, layout.width, zeroY);
  return [
    { kind: "path", d: bars.join(""), fill: "--mark-soft" },
    { kind: "path", d: zero, stroke: "--line-strong" },
    { kind: "path", d: tips.join(""), fill: "--edited" },
  ];
}
