// Charts as files. The one place where a picture, its legend and what it is of become SVG or PNG.
import { download } from "../lib/hooks";
import { paintScene, type Resolve, resolverOf } from "./paintScene";
import { label, type Scene, stack } from "./scene";
import { sceneSvg } from "./sceneSvg";

export interface ChartFile {
  /** Name of the file, without its ending. */
  name: string;
  title: string;
  /** Lines below the title: units, what positive means, clipping, noise. */
  notes: readonly string[];
  /** Spec hash, model, prompt and the like, at the foot: a line for each result. */
  source: readonly string[];
  /** What an SVG says of itself to who cannot see it; otherwise the source. */
  description?: string;
  /** The parts from top to bottom, as shapes. Null where there is nothing to draw. */
  parts: (() => Scene[]) | null;
  csv: () => string;
  json: () => string;
}

export type FileKind = "svg" | "png" | "csv" | "json";

const MARGIN = 16;
/** A spec hash fits a line. */
const NARROWEST = 520;
const LINE = 16;
const PNG_SCALE = 2;
/** Letters to a line of notes, by the width of the picture. */
const PER_LETTER = 6.2;
const PER_LETTER_OF_TITLE = 8;
/** So many lines of a long prompt stand at the foot; an SVG's description has all of it. */
const MOST_LINES = 6;

function texts(lines: readonly string[], size: number, weight: number, fill: string): Scene {
  return {
    width: 0,
    height: lines.length * LINE,
    marks: lines.map((text, index) =>
      label({ x: 0, y: (index + 0.5) * LINE, text, size, weight, fill }),
    ),
  };
}

/** Between notes, and between the parts of a source. */
export const BETWEEN = "  ·  ";

/** Notes side by side while they fit; what is longer than a line goes on in the next. */
export function wrapped(notes: readonly string[], letters: number): string[] {
  const lines: string[] = [];
  for (const note of notes) {
    const last = lines.at(-1);
    const joined = last === undefined ? note : last + BETWEEN + note;
    if (last !== undefined && joined.length <= letters) lines[lines.length - 1] = joined;
    else lines.push(...broken(note, Math.max(1, Math.floor(letters))));
  }
  return lines;
}

/** A text in lines, ended at a space where one is in the second half of a line. */
function broken(text: string, letters: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > letters) {
    const space = rest.lastIndexOf(" ", letters);
    let end = space > letters / 2 ? space : letters;
    // The two halves of a character beyond the basic plane stay together.
    if (/[\ud800-\udbff]/.test(rest[end - 1]!)) end += 1;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest ? [...lines, rest] : lines;
}

/** The first lines, with a mark where others follow. */
function most(lines: readonly string[], n: number): readonly string[] {
  return lines.length <= n ? lines : [...lines.slice(0, n - 1), `${lines[n - 1]}…`];
}

/** Title, notes, picture and source on one sheet. */
export function sheet({ title, notes, source, parts }: ChartFile): Scene {
  const pictures = parts?.() ?? [];
  const width = Math.max(NARROWEST, ...pictures.map((scene) => scene.width));
  const scene = stack(
    [
      texts(wrapped([title], width / PER_LETTER_OF_TITLE), 14, 600, "--ink"),
      texts(wrapped(notes, width / PER_LETTER), 11.5, 400, "--ink-2"),
      ...pictures,
      texts(foot(source, width / PER_LETTER), 10.5, 400, "--ink-3"),
    ],
    8,
  );
  return {
    width: width + 2 * MARGIN,
    height: scene.height + 2 * MARGIN,
    marks: [{ kind: "group", x: MARGIN, y: MARGIN, marks: scene.marks }],
  };
}

/** Each result on lines of its own, no more than fit a foot. */
function foot(source: readonly string[], letters: number): string[] {
  return source.flatMap((line) => most(wrapped(line.split(BETWEEN), letters), MOST_LINES));
}

export async function saveChart(file: ChartFile, kind: FileKind): Promise<void> {
  download(`${file.name}.${kind}`, await blobOf(file, kind));
}

/** The theme of every file, whatever the page has: figures are for paper. */
export const FILE_THEME = "light";

/** Draws with the colours of files. */
function onPaper<T>(draw: (resolve: Resolve) => T): T {
  const paper = document.createElement("div");
  paper.dataset.theme = FILE_THEME;
  paper.hidden = true;
  document.body.append(paper);
  try {
    return draw(resolverOf(paper));
  } finally {
    paper.remove();
  }
}

async function blobOf(file: ChartFile, kind: FileKind): Promise<Blob> {
  switch (kind) {
    case "csv":
      return new Blob([file.csv()], { type: "text/csv" });
    case "json":
      return new Blob([file.json()], { type: "application/json" });
    case "svg": {
      const texts = { title: file.title, description: file.description ?? file.source.join("\n") };
      const svg = onPaper((resolve) => sceneSvg(sheet(file), resolve, texts));
      return new Blob([svg], { type: "image/svg+xml" });
    }
    case "png":
      return pngOf(sheet(file));
  }
}

async function pngOf(scene: Scene): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(scene.width * PNG_SCALE);
  canvas.height = Math.ceil(scene.height * PNG_SCALE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser gives no canvas to draw the picture on.");
  context.scale(PNG_SCALE, PNG_SCALE);
  onPaper((resolve) => {
    context.fillStyle = resolve("--panel");
    context.fillRect(0, 0, canvas.width, canvas.height);
    paintScene(context, scene.marks, resolve);
  });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new Error("The picture is larger than the browser can draw. Save it as SVG.");
  return blob;
}
