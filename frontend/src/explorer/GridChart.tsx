import { useMemo } from "react";
import type { GridData } from "../api/types";
import { domainOf, table } from "../charts/colour";
import { Heatmap } from "../charts/Heatmap";
import { type HeatLayout, heatLayout } from "../charts/heatLayout";
import { Legend } from "../charts/Legend";
import { visible } from "../lib/format";
import { useWidth } from "../lib/hooks";
import { useTheme } from "../lib/theme";
import css from "./explorer.module.css";
import {
  cellName,
  cellText,
  coordinateLabel,
  type Shown,
  STATUS_WORDS,
  showSpread,
  showValue,
} from "./gridView";

interface GridChartProps {
  grid: GridData;
  shown: Shown;
  pinned: number | null;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  onCanvas: (canvas: HTMLCanvasElement | null) => void;
}

const CELL = { gap: 40, minCell: 7, maxCellWidth: 104, maxCellHeight: 46, targetHeight: 440 };
const CHARACTER = 7;

function layOut(grid: GridData, width: number): HeatLayout {
  const labels = (dim: string | null) =>
    (dim ? (grid.coords[dim] ?? []) : []).map((each) => coordinateLabel(grid, dim!, each).length);
  const plain = { ...CELL, left: 0, top: 0, labelWidth: 0 };
  const probe = heatLayout(grid, { ...plain, width });
  const longest = Math.max(1, ...labels(probe.colDim));
  const options = {
    ...plain,
    width: width - 60,
    left: 14 + Math.min(16, Math.max(0, ...labels(probe.rowDim))) * CHARACTER,
    labelWidth: longest * CHARACTER + 4,
  };
  const { slanted, panels } = heatLayout(grid, options);
  const room = slanted ? 22 + Math.min(14, longest) * 5 : 24;
  return heatLayout(grid, { ...options, top: room + (panels.length > 1 ? 22 : 0) });
}

/** A grid as a heatmap with its legend. */
export function GridChart({ grid, shown, pinned, onPin, onOpen, onCanvas }: GridChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const theme = useTheme();
  const { dims, coords } = grid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: values change while it fills, the layout does not
  const layout = useMemo(() => (width ? layOut(grid, width) : null), [dims, coords, width]);
  const colours = useMemo(() => table(shown.signed), [shown.signed]);
  const domain = useMemo(() => domainOf(shown.values, shown.signed), [shown.values, shown.signed]);
  const picture = useMemo(() => {
    if (!layout) return null;
    const labels = (dim: string | null, values: HeatLayout["rows"]) =>
      dim ? values.map((value) => coordinateLabel(grid, dim, value)) : [];
    return {
      layout,
      values: shown.values,
      status: shown.status,
      domain,
      colours,
      rowLabels: labels(layout.rowDim, layout.rows),
      colLabels: labels(layout.colDim, layout.cols),
      panelTitles:
        layout.panels.length > 1
          ? layout.panels.map(({ at }) =>
              Object.entries(at)
                .filter(([dim]) => (coords[dim]?.length ?? 1) > 1)
                .map(
                  ([dim, value]) =>
                    (dim === "site" ? "" : `${dim} `) + coordinateLabel(grid, dim, value),
                )
                .join(", "),
            )
          : [],
      cellText: (index: number) => cellText(shown, shown.values[index]),
    };
  }, [layout, shown, domain, colours, grid, coords]);

  const describe = (index: number) => {
    const status = shown.status[index] ?? "pending";
    const said =
      status === "ok"
        ? showValue(shown, shown.values[index]) + showSpread(shown, index)
        : STATUS_WORDS[status];
    const top = grid.top[index];
    const says = top ? `; says ${visible(top.token)}` : "";
    return `${cellName(grid, index)}: ${said}${says}`;
  };
  const bad = shown.status.filter((each) => each !== "ok" && each !== "pending").length;
  const axis = (dim: string | null, arrow: string) => (dim ? `${arrow} ${dim}` : "");
  return (
    <div className={css.chart} ref={ref}>
      {picture && (
        <>
          <Legend
            domain={domain}
            colours={colours}
            title={shown.isChange ? `Change of ${shown.name}` : shown.name}
            positive={shown.positive}
            show={(value) =>
              showValue(shown, value) + (shown.unit === "probability" ? "" : ` ${shown.unit}`)
            }
            floor={shown.floor === null ? null : showValue(shown, shown.floor).replace("+", "±")}
            pending={shown.status.filter((each) => each === "pending").length}
            failed={bad}
          />
          <Heatmap
            label={`${shown.name} by ${dims.filter((dim) => (coords[dim]?.length ?? 1) > 1).join(" and ") || "cell"}`}
            picture={picture}
            pinned={pinned}
            describe={describe}
            onPin={onPin}
            onOpen={onOpen}
            onCanvas={onCanvas}
            theme={theme}
          />
          <p className={css.axisNote}>
            {[axis(picture.layout.rowDim, "↓"), axis(picture.layout.colDim, "→")]
              .filter(Boolean)
              .join("   ")}
          </p>
        </>
      )}
    </div>
  );
}
