// A grid as a file: the chart under the view that is shown, or its numbers.
import type { GridData } from "../api/types";
import { type ChartFile, FILE_THEME } from "../charts/exportFiles";
import { heatScene } from "../charts/heatScene";
import { legendScene } from "../charts/legendScene";
import { lollipopScene } from "../charts/lollipop";
import { originLine } from "../charts/origin";
import type { Scene } from "../charts/scene";
import { type GridChart, gridChart, layOut } from "./gridChart";
import { toCsv } from "./gridCsv";
import type { Shown } from "./gridView";
import { sweepWords } from "./gridWords";
import { cellsOf } from "./sweepState";
import type { GridView } from "./useGridView";

const WIDTH = 960;
const LEGEND = 360;

export function fileName(grid: GridData): string {
  return `neuronscope-${grid.spec_hash.slice(0, 8)}`;
}

export function gridFile(grid: GridData, shown: Shown, view: GridView): ChartFile {
  const bare = layOut(grid, WIDTH, view.axes, view.block);
  const drawn = (): GridChart =>
    gridChart(grid, shown, bare, { view, theme: FILE_THEME, width: WIDTH, running: false });
  const { title, notes, more } = drawn();
  const { total, pending, failed } = cellsOf(grid);
  const axes = [bare.rowDim && `rows: ${bare.rowDim}`, bare.colDim && `columns: ${bare.colDim}`];
  const holes = [
    pending > 0 && `hatched: ${pending} of ${total} cells have not run`,
    failed > 0 && `crossed: ${failed} without a value`,
  ];
  return {
    name: fileName(grid),
    title,
    notes: [sweepWords(grid), ...axes, ...notes, ...more, ...holes].filter((each): each is string =>
      Boolean(each),
    ),
    source: [originLine({ model: grid.model, tokens: [] }, `spec ${grid.spec_hash.slice(0, 12)}`)],
    description: [sweepWords(grid), originLine(grid, `spec ${grid.spec_hash}`)].join("\n"),
    parts: () => pictures(drawn()),
    csv: () => toCsv(grid),
    json: () => JSON.stringify(grid, null, 2),
  };
}

function pictures({ heat, lollipop, legend }: GridChart): Scene[] {
  if (lollipop) return [lollipopScene(lollipop)];
  return [legendScene({ ...legend, width: LEGEND }), heatScene(heat!, "shapes")];
}
