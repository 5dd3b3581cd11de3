import { type ReactNode, useMemo } from "react";
import type { GridData } from "../api/types";
import { CanvasScene } from "../charts/CanvasScene";
import { CellChart } from "../charts/CellChart";
import { longDims } from "../charts/heatLayout";
import { heatScene } from "../charts/heatScene";
import { Legend } from "../charts/Legend";
import { LegendWords } from "../charts/LegendWords";
import { lollipopScene } from "../charts/lollipop";
import { type Brush, brushOf, corners, type Line } from "../charts/places";
import { SceneView } from "../charts/SceneView";
import { extremeOf, type summarise } from "../charts/summaries";
import { visible } from "../lib/format";
import { useWidth } from "../lib/hooks";
import { useTheme } from "../lib/theme";
import css from "./explorer.module.css";
import { type GridChart, gridChart, layOut, lineName } from "./gridChart";
import { cellName, type Shown, STATUS_WORDS, showSpread, showValue } from "./gridView";
import type { GridView } from "./useGridView";
import words from "./verdict.module.css";

interface GridStageProps {
  grid: GridData;
  shown: Shown;
  view: GridView;
  running: boolean;
  /** How the chart is drawn, to choose. */
  display: ReactNode;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  /** Two corners of the marked rectangle. */
  onMark: (cells: [number, number] | null) => void;
}

/** A grid as a chart with its legend. */
export function GridStage(props: GridStageProps) {
  const { grid, shown, view, running, onPin, onOpen, onMark } = props;
  const [ref, width] = useWidth<HTMLDivElement>();
  const theme = useTheme();
  const { coords } = grid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: values change while it fills, the layout does not
  const bare = useMemo(
    () => (width ? layOut(grid, width, view.axes, view.block) : null),
    [coords, width, view.axes, view.block],
  );
  const chart = useMemo(
    () => (bare ? gridChart(grid, shown, bare, { view, theme, width, running }) : null),
    [grid, shown, bare, view, theme, width, running],
  );
  const scene = useMemo(() => chart && sceneOf(chart), [chart]);

  if (!chart || !scene) return <div className={css.chart} ref={ref} />;
  const { layout } = chart;
  const describe = (index: number) => describeCell(grid, shown, index);
  const mark = (brush: Brush | null) => {
    if (!brush) return onMark(null);
    const { panel, top, bottom, left, right } = corners(brush);
    const first = bare!.panels[panel]!.cells;
    onMark([first[top * layout.cols.length + left]!, first[bottom * layout.cols.length + right]!]);
  };
  const brush = view.marked && brushOf(layout, ...view.marked);
  const bad = shown.status.filter((each) => each !== "ok" && each !== "pending").length;
  const axis = (dim: string | null, arrow: string) => (dim ? `${arrow} ${dim}` : "");
  const names = longDims(grid);
  return (
    <div className={css.chart} ref={ref}>
      {chart.heat ? (
        <Legend
          {...chart.legend}
          title={chart.title}
          notes={chart.notes}
          words={chart.words}
          pending={shown.status.filter((each) => each === "pending").length}
          running={running}
          failed={bad}
        />
      ) : (
        <section className={css.lineLegend} aria-label="Legend">
          <b>{chart.title}</b> {chart.notes.join(" · ")}
          <LegendWords words={chart.words} />
        </section>
      )}
      <CellChart
        label={`${shown.name} by ${names.join(" and ") || "cell"}`}
        layout={layout}
        size={scene}
        pinned={view.cell}
        brush={brush}
        describe={describe}
        beside={chart.heat?.marginals.length ? (line) => besideOf(grid, shown, chart, line) : null}
        onPin={onPin}
        onOpen={onOpen}
        onBrush={mark}
      >
        {(edges) =>
          chart.heat ? (
            <CanvasScene scene={scene} theme={theme} edges={edges} />
          ) : (
            <SceneView scene={scene} edges={edges} />
          )
        }
      </CellChart>
      <div className={words.under}>
        <p className={css.axisNote}>
          {[axis(layout.rowDim, "↓"), axis(layout.colDim, "→")].filter(Boolean).join("   ")}
        </p>
        <details className={words.display}>
          <summary className={words.displayTitle}>Display</summary>
          {props.display}
          <ul aria-label="How it is drawn">
            {chart.more.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      </div>
    </div>
  );
}

function sceneOf(chart: GridChart) {
  return chart.heat ? heatScene(chart.heat, "pixels") : lollipopScene(chart.lollipop!);
}

function describeCell(grid: GridData, shown: Shown, index: number): string {
  const status = shown.status[index] ?? "pending";
  const said =
    status === "ok"
      ? showValue(shown, shown.values[index]) + showSpread(shown, index)
      : STATUS_WORDS[status];
  const top = grid.top[index];
  return `${cellName(grid, index)}: ${said}${top ? `; says ${visible(top.token)}` : ""}`;
}

/** The row and the column of a place, or one of them, in the same words as its bars. */
function besideOf(grid: GridData, shown: Shown, { heat }: GridChart, line: Line): string {
  const { row, col } = line;
  const sums = heat?.marginals[line.panel];
  if (!heat || !sums) return "";
  const { layout } = heat;
  const say = (dim: string | null, at: string | number, sum: ReturnType<typeof summarise>) => {
    const extreme = extremeOf(sum);
    if (!dim || sum.mean === null || extreme === null) return "";
    return `${lineName(grid, dim, at)}: mean ${showValue(shown, sum.mean)}, largest ${showValue(shown, extreme)}`;
  };
  const cells = layout.block > 1 ? ` (strongest of ${layout.block})` : "";
  return [
    row === null ? "" : say(layout.rowDim, layout.rows[row]!, sums.rows[row]!),
    col === null ? "" : say(layout.colDim, layout.cols[col]!, sums.cols[col]!) + cells,
  ]
    .filter(Boolean)
    .join(" · ");
}
