import {
  type KeyboardEvent,
  type PointerEvent,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { cellIndex, type HeatLayout, type Place, placeAt, placeOf, step } from "./heatLayout";
import css from "./heatmap.module.css";
import { type HeatPicture, type Ink, paintHeat } from "./paintHeat";

interface HeatmapProps {
  label: string;
  picture: Omit<HeatPicture, "ink">;
  pinned: number | null;
  /** One sentence for a cell: read out, and shown under the pointer. */
  describe: (index: number) => string;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  onCanvas?: (canvas: HTMLCanvasElement | null) => void;
  /** Changes when the theme does, so that the canvas is painted again. */
  theme: string;
}

function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const get = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: get("--ink"),
    faint: get("--ink-2"),
    paper: get("--panel"),
    line: get("--line"),
    hatch: get("--line-strong"),
    cross: get("--bad"),
    sans: get("--sans"),
    mono: get("--mono"),
  };
}

/** A heatmap as one focusable grid: a click pins a cell, arrows walk, Enter opens it. */
export function Heatmap({
  label,
  picture,
  pinned,
  describe,
  onPin,
  onOpen,
  onCanvas,
  theme,
}: HeatmapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { layout } = picture;
  const [hover, setHover] = useState<Place | null>(null);
  const [active, setActive] = useState<Place>({ panel: 0, row: 0, col: 0 });
  const [focused, setFocused] = useState(false);
  const id = useId();

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !theme) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.ceil((layout.width + EDGE) * ratio);
    element.height = Math.ceil((layout.height + 2) * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintHeat(context, { ...picture, ink: inkOf(element) });
    onCanvas?.(element);
  }, [picture, layout, theme, onCanvas]);

  const pinnedPlace = useMemo(
    () => (pinned === null ? null : placeOf(layout, pinned)),
    [layout, pinned],
  );
  const current = inside(layout, active) ? active : { panel: 0, row: 0, col: 0 };
  const shown = focused ? current : hover;

  const at = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return placeAt(layout, event.clientX - box.left, event.clientY - box.top);
  };
  const onPointerDown = (event: PointerEvent) => {
    const place = at(event);
    if (!place) return onPin(null);
    setActive(place);
    const index = cellIndex(layout, place);
    onPin(index === pinned ? null : index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") return onOpen(cellIndex(layout, current));
    if (event.key === " ") onPin(cellIndex(layout, current));
    else if (event.key === "Escape") onPin(null);
    else {
      const next = step(layout, current, event.key, event.ctrlKey || event.metaKey);
      if (!next) return;
      setActive(next);
    }
    event.preventDefault();
  };

  const rowNumber = current.panel * layout.rows.length + current.row + 1;
  const cellId = `${id}-cell`;
  return (
    <div className={css.wrap}>
      <p className={css.readout} aria-hidden="true">
        {shown
          ? describe(cellIndex(layout, shown))
          : "Point at a cell to read it; click to pin it; Enter opens it as an experiment."}
      </p>
      <div className={css.scroll} tabIndex={layout.width > 900 ? 0 : undefined}>
        <div
          className={css.grid}
          style={{ width: layout.width + EDGE, height: layout.height + 2 }}
          role="grid"
          tabIndex={0}
          aria-label={label}
          aria-rowcount={layout.rows.length * layout.panels.length}
          aria-colcount={layout.cols.length}
          aria-activedescendant={cellId}
          onPointerMove={(event) => setHover(at(event))}
          onPointerLeave={() => setHover(null)}
          onPointerDown={onPointerDown}
          onDoubleClick={() => pinned !== null && onOpen(pinned)}
          onKeyDown={onKeyDown}
          onFocus={(event) => setFocused(event.currentTarget.matches(":focus-visible"))}
          onBlur={() => setFocused(false)}
        >
          <canvas
            ref={canvas}
            style={{ width: layout.width + EDGE, height: layout.height + 2 }}
            aria-hidden="true"
          />
          {/* Only the active cell exists for assistive technology; it moves with the arrows. */}
          <div role="row" aria-rowindex={rowNumber} className="visually-hidden">
            <div role="gridcell" id={cellId} aria-colindex={current.col + 1}>
              {describe(cellIndex(layout, current))}
            </div>
          </div>
          {hover && !focused && <Frame layout={layout} place={hover} look={css.hover!} />}
          {focused && <Frame layout={layout} place={current} look={css.active!} />}
          {pinnedPlace && <Frame layout={layout} place={pinnedPlace} look={css.pinned!} />}
        </div>
      </div>
    </div>
  );
}

/** Room at the right for slanted labels. */
const EDGE = 56;

function inside(layout: HeatLayout, { panel, row, col }: Place): boolean {
  return panel < layout.panels.length && row < layout.rows.length && col < layout.cols.length;
}

function Frame({ layout, place, look }: { layout: HeatLayout; place: Place; look: string }) {
  return (
    <div
      className={look}
      style={{
        left: layout.left + place.col * layout.cell.width,
        top: layout.panels[place.panel]!.y + place.row * layout.cell.height,
        width: layout.cell.width,
        height: layout.cell.height,
      }}
    />
  );
}
