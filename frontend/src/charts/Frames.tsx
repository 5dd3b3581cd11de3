import type { HeatLayout } from "./heatLayout";
import css from "./heatmap.module.css";
import { type Brush, corners, type Place, placeOf } from "./places";

interface FramesProps {
  layout: HeatLayout;
  hover: Place | null;
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
        <Guides layout={layout} place={linked} />
      )}
      {brush && <Frame layout={layout} brush={brush} look={css.brush!} />}
      {pinnedPlace && <Frame layout={layout} place={pinnedPlace} look={css.pinned!} />}
      {hover && <Frame layout={layout} place={hover} look={css.hover!} />}
      {active && <Frame layout={layout} place={active} look={css.active!} />}
    </>
  );
}

interface FrameProps {
  layout: HeatLayout;
  place?: Place;
  brush?: Brush;
  look: string;
}

function Frame({ layout, place, brush, look }: FrameProps) {
  const box = corners(brush ?? { from: place!, to: place! });
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

/** Marks the bars of the row and the column that a place lies in. */
function Guides({ layout, place }: { layout: HeatLayout; place: Place }) {
  const { width, height } = layout.cell;
  const { y } = layout.panels[place.panel]!;
  return (
    <>
      <div
        className={css.guide}
        style={{ left: layout.width + 2, top: y + place.row * height, width: 62, height }}
      />
      <div
        className={css.guide}
        style={{
          left: layout.left + place.col * width,
          top: y + layout.panelHeight + 2,
          width,
          height: STRIP,
        }}
      />
    </>
  );
}
