import { useMemo } from "react";
import type { GridData } from "../api/types";
import type { Domain } from "../charts/colour";
import { Heatmap } from "../charts/Heatmap";
import { type HeatLayout, heatLayout } from "../charts/heatLayout";
import { cellText, coordinateLabel, type Shown } from "../explorer/gridView";
import { useWidth } from "../lib/hooks";
import { useTheme } from "../lib/theme";
import css from "./compare.module.css";

interface GridMapProps {
  title: string;
  grid: GridData;
  shown: Shown;
  domain: Domain;
  colours: Uint8ClampedArray;
  pinned: number | null;
  describe: (index: number) => string;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
}

const CELL = { gap: 34, minCell: 6, maxCellWidth: 80, maxCellHeight: 34, targetHeight: 300 };
const CHARACTER = 7;
const SLANT_ROOM = 60;

function labels(grid: GridData, dim: string | null, values: HeatLayout["rows"]): string[] {
  return dim ? values.map((value) => coordinateLabel(grid, dim, value)) : [];
}

function longest(all: readonly string[]): number {
  return Math.max(0, ...all.map((label) => label.length));
}

function layOut(grid: GridData, width: number): HeatLayout {
  const plain = { ...CELL, left: 0, top: 0, labelWidth: 0 };
  const probe = heatLayout(grid, { ...plain, width });
  const options = {
    ...plain,
    width: width - SLANT_ROOM,
    left: 14 + Math.min(16, longest(labels(grid, probe.rowDim, probe.rows))) * CHARACTER,
    labelWidth: longest(labels(grid, probe.colDim, probe.cols)) * CHARACTER + 4,
  };
  const { slanted, panels, cols } = heatLayout(grid, options);
  const slant = slanted ? 22 + Math.min(14, longest(labels(grid, probe.colDim, cols))) * 5 : 24;
  return heatLayout(grid, { ...options, top: slant + (panels.length > 1 ? 22 : 0) });
}

/** One of the three heatmaps: the scale is given, so that all three share it. */
export function GridMap(props: GridMapProps) {
  const { title, grid, shown, domain, colours, pinned, describe, onPin, onOpen } = props;
  const [ref, width] = useWidth<HTMLDivElement>();
  const theme = useTheme();
  const layout = useMemo(() => (width ? layOut(grid, width) : null), [grid, width]);
  const picture = useMemo(
    () =>
      layout && {
        layout,
        values: shown.values,
        status: shown.status,
        domain,
        colours,
        rowLabels: labels(grid, layout.rowDim, layout.rows),
        colLabels: labels(grid, layout.colDim, layout.cols),
        panelTitles:
          layout.panels.length > 1
            ? layout.panels.map(({ at }) =>
                Object.entries(at)
                  .map(([dim, value]) => coordinateLabel(grid, dim, value))
                  .join(", "),
              )
            : [],
        cellText: (index: number) => cellText(shown, shown.values[index]),
      },
    [layout, shown, domain, colours, grid],
  );
  return (
    <figure className={css.map} ref={ref} aria-label={title}>
      <figcaption>{title}</figcaption>
      {picture && (
        <Heatmap
          label={`${title}: ${shown.name}`}
          picture={picture}
          pinned={pinned}
          describe={describe}
          onPin={onPin}
          onOpen={onOpen}
          theme={theme}
        />
      )}
    </figure>
  );
}
