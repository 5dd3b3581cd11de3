// A scene as the text of an SVG file, with every colour written out.
import { bitmap, HATCH, type Resolve, TILE } from "./paintScene";
import { BASELINE, boxPath, type Mark, round, type Scene, SMALL } from "./scene";

interface FileText {
  title: string;
  /** What the file is of, for whoever finds it: spec hash, model, version. */
  description: string;
}

export function sceneSvg(scene: Scene, resolve: Resolve, { title, description }: FileText): string {
  const [width, height] = [Math.ceil(scene.width), Math.ceil(scene.height)];
  const patterns = new Map<string, string>();
  const body = scene.marks.map((mark) => markSvg(mark, resolve, patterns)).join("\n");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${xml(resolve("--sans"))}" font-variant-numeric="tabular-nums">`,
    `<title>${xml(title)}</title>`,
    `<desc>${xml(description)}</desc>`,
    patterns.size ? `<defs>${[...patterns.values()].join("")}</defs>` : "",
    `<rect width="${width}" height="${height}" fill="${resolve("--panel")}"/>`,
    body,
    "</svg>\n",
  ]
    .filter(Boolean)
    .join("\n");
}

function markSvg(mark: Mark, resolve: Resolve, patterns: Map<string, string>): string {
  const ink = (colour: string | undefined) => (colour ? xml(resolve(colour)) : "none");
  switch (mark.kind) {
    case "rect":
      return `<rect ${box(mark)} fill="${ink(mark.fill)}"/>`;
    case "path":
      return `<path d="${mark.d}" fill="${ink(mark.fill)}"${
        mark.stroke
          ? ` stroke="${ink(mark.stroke)}" stroke-width="${mark.width ?? 1}"${mark.dash ? ` stroke-dasharray="${mark.dash}"` : ""}`
          : ""
      }/>`;
    case "text":
      return textSvg(mark, resolve);
    case "image":
      return `<image ${box(mark)} preserveAspectRatio="none" style="image-rendering:pixelated" href="${bitmap(mark.pixels).toDataURL()}"/>`;
    case "pattern": {
      const id = `${mark.pattern}-${patterns.size}`;
      patterns.set(id, patternSvg(id, mark.pattern, ink(mark.stroke)));
      return `<path d="${mark.boxes.map(boxPath).join("")}" fill="url(#${id})"/>`;
    }
    case "group":
      return `<g transform="translate(${round(mark.x)},${round(mark.y)})">${mark.marks
        .map((each) => markSvg(each, resolve, patterns))
        .join("\n")}</g>`;
  }
}

function textSvg(mark: Extract<Mark, { kind: "text" }>, resolve: Resolve): string {
  const size = mark.size ?? SMALL;
  const [x, y] = [round(mark.x), round(mark.y)];
  const face =
    mark.font && mark.font !== "sans" ? ` font-family="${xml(resolve(`--${mark.font}`))}"` : "";
  const weight = mark.weight && mark.weight !== 400 ? ` font-weight="${mark.weight}"` : "";
  const anchor = mark.anchor && mark.anchor !== "start" ? ` text-anchor="${mark.anchor}"` : "";
  const turn = mark.rotate ? ` transform="rotate(${mark.rotate} ${x} ${y})"` : "";
  return `<text x="${x}" y="${y}" dy="${BASELINE}em" font-size="${size}"${face}${weight}${anchor}${turn} fill="${xml(resolve(mark.fill))}" xml:space="preserve">${xml(mark.text)}</text>`;
}

function patternSvg(id: string, pattern: string, colour: string): string {
  const inside =
    pattern === "dots"
      ? `<rect x="2" y="2" width="1.5" height="1.5" fill="${colour}"/>`
      : `<path d="${HATCH}" stroke="${colour}"/>`;
  return `<pattern id="${id}" width="${TILE}" height="${TILE}" patternUnits="userSpaceOnUse">${inside}</pattern>`;
}

function box(mark: { x: number; y: number; width: number; height: number }): string {
  return `x="${round(mark.x)}" y="${round(mark.y)}" width="${round(mark.width)}" height="${round(mark.height)}"`;
}

/** Text of a file: marked characters escaped, and those that XML does not have left out. */
export function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
