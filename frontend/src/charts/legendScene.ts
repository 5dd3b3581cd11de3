// The scale as a scene: the bar with its ends and zero, the noise floor, and what controls found.
import { cssColour, type Domain, SIZE } from "./colour";
import { boxPath, diamond, label, line, type Mark, type Scene } from "./scene";

export interface LegendControl {
  name: string;
  value: number;
  spread: number | null;
}

export interface LegendInput {
  domain: Domain;
  colours: Uint8ClampedArray;
  floor: number | null;
  controls: readonly LegendControl[];
  show: (value: number) => string;
  width: number;
}

const BAR = { y: 12, height: 12 };
const STEPS = 64;
const SIDE = 3;

/** Where a value stands on a legend of a width; beyond the scale it is held at the end. */
export function onLegend(value: number, { low, high }: Domain, width: number): number {
  const t = (value - low) / (high - low);
  return SIDE + Math.min(1, Math.max(0, t)) * (width - 2 * SIDE);
}

export function legendScene(input: LegendInput): Scene {
  const { domain, colours, floor, controls, show, width } = input;
  const marks: Mark[] = [];
  const inner = width - 2 * SIDE;
  for (let step = 0; step < STEPS; step++) {
    const entry = Math.round(((step + 0.5) / STEPS) * (SIZE - 1));
    const x = SIDE + (step / STEPS) * inner;
    // Half a pixel wider than a step, so that no gap shows between neighbours.
    const wide = Math.min(inner / STEPS + 0.5, SIDE + inner - x);
    const box = { x, y: BAR.y, width: wide, height: BAR.height };
    marks.push({ kind: "rect", ...box, fill: cssColour(colours, entry) });
  }
  const frame = boxPath([SIDE, BAR.y, inner, BAR.height]);
  marks.push({ kind: "path", d: frame, stroke: "--line-strong" });
  const at = (value: number) => onLegend(value, domain, width);
  const below = BAR.y + BAR.height;
  if (floor !== null) {
    const [from, to] = [at(domain.signed ? -floor : 0), at(floor)];
    const bracket = `M${from},${BAR.y - 5}v4M${from},${BAR.y - 3}H${to}M${to},${BAR.y - 5}v4`;
    marks.push({ kind: "path", d: bracket, stroke: "--ink", width: 1.2 });
  }
  for (const { value, spread } of controls) {
    if (spread !== null) {
      const whisker = line(at(value - spread), BAR.y - 3, at(value + spread), BAR.y - 3);
      marks.push({ kind: "path", d: whisker, stroke: "--edited", width: 1.2 });
    }
    marks.push({ kind: "path", d: diamond(at(value), BAR.y - 4, 4), fill: "--edited" });
  }
  const ticks = domain.signed ? [domain.low, 0, domain.high] : [domain.low, domain.high];
  for (const tick of ticks) {
    const beyond = tick === domain.high ? domain.above : tick === domain.low ? domain.below : 0;
    const sign = beyond ? (tick === domain.high ? "≥ " : "≤ ") : "";
    const x = at(tick);
    marks.push({ kind: "path", d: line(x, below, x, below + 4), stroke: "--ink-2" });
    marks.push(
      label({
        x,
        y: below + 12,
        text: tick === 0 ? "0" : sign + show(tick),
        anchor: tick === domain.low ? "start" : tick === domain.high ? "end" : "middle",
      }),
    );
  }
  return { width, height: below + 20, marks };
}
