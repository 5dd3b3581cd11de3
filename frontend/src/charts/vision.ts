// How colours look to people who see fewer of them. Used by the tests of the palettes.
import { lab, rgb } from "d3-color";

export type Deficiency = "protanopia" | "deuteranopia" | "tritanopia";

/** Source: Machado, Oliveira & Fernandes 2009, severity 1.0, for linear RGB. */
const MATRICES: Record<Deficiency, readonly number[]> = {
  protanopia: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
  deuteranopia: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  tritanopia: [
    1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039,
  ],
};

const toLinear = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const fromLinear = (c: number) => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

/** A CSS colour as somebody with this deficiency sees it. */
export function seenWith(deficiency: Deficiency, colour: string): string {
  const { r, g, b } = rgb(colour);
  const linear = [r, g, b].map((each) => toLinear(each / 255));
  const matrix = MATRICES[deficiency];
  const seen = [0, 1, 2].map((row) => {
    const sum = linear.reduce((all, each, column) => all + matrix[row * 3 + column]! * each, 0);
    return Math.round(255 * fromLinear(Math.min(1, Math.max(0, sum))));
  });
  return rgb(seen[0]!, seen[1]!, seen[2]!).formatRgb();
}

/** CIE76: the distance in Lab; about 2 can just be told apart. */
export function distance(one: string, other: string): number {
  const [a, b] = [lab(one), lab(other)];
  return Math.hypot(a.l - b.l, a.a - b.a, a.b - b.b);
}
