import type { HeatLayout } from "./heatLayout";
import css from "./heatmap.module.css";
import { type Brush, corners, isPlace, type Line, type Place, placeOf } from "./places";

interface FramesProps {
  layout: HeatLayout;
  /** A cell, or the row or column of a bar. */
  hover: Line | null;
  active: Place | null;
  pinned: number | null;
  brush: Brush | null;
}

/** What lies over the picture: the pointed, walked, pinned and marked squares. */
export function Frames({ layout, hover, active, pinned, brush }: FramesProps) {
  const pinnedPlace = pinned === null ? null : placeOf(layout, pinned);
  const linked = active ?? hover;
  return (
    <>
      {linked && layout.rows.length > 1 && layout.cols.length > 1 && (
        <Guides layout={layout} line={linked} />
      )}
      {brush && <Frame layout={layout} brush={brush} look={css.brush!} />}
      {pinnedPlace && <Frame layout={layout} brush={at(pinnedPlace)} look={css.pinned!} />}
      {hover && <Frame layout={layout} brush={across(layout, hover)} look={css.hover!} />}
      {active && <Frame layout={layout} brush={at(active)} look={css.active!} />}
    </>
  );
}

const at = (place: Place): Brush => ({ from: place, to: place });

/** A cell, or all cells of a row or a column. */
function across(layout: HeatLayout, line: Line): Brush {
  if (isPlace(line)) return at(line);
  const { panel, row, col } = line;
  return {
    from: { panel, row: row ?? 0, col: col ?? 0 },
    to: { panel, row: row ?? layout.rows.length - 1, col: col ?? layout.cols.length - 1 },
  };
}

function Frame({ layout, brush, look }: { layout: HeatLayout; brush: Brush; look: string }) {
  const box = corners(brush);
  const { width, height } = layout.cell;
  return (
    <div
      className={look}
      style={{
        left: layout.left + box.left * width,
        top: layout.panels[box.panel]!.y + box.top * height,
        width: (box.right - box.left + 1) * width,
        height: (box.bottom - box.top + 1) * height,
      }}
    />
  );
}

const STRIP = 44;

/** Marks the bars of the row and the column that a place lies in; the row's stays in sight. */
function Guides({ layout, line: { panel, row, col } }: { layout: HeatLayout; line: Line }) {
  const { width, height } = layout.cell;
  const { y } = layout.panels[panel]!;
  return (
    <>
      {row !== null && (
        <div className={css.rowGuide} style={{ marginTop: y + row * height, width: 62, height }} />
      )}
      {col !== null && (
        <div
          className={css.guide}
          style={{
            left: layout.left + col * width,
            top: y + layout.panelHeight + 2,
            width,
            height: STRIP,
          }}
        />
      )}
    </>
  );
}
