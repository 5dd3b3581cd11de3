import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useId,
  useRef,
  useState,
} from "react";
import { Frames } from "./Frames";
import type { HeatLayout } from "./heatLayout";
import css from "./heatmap.module.css";
import {
  type Brush,
  cellIndex,
  corners,
  inside,
  nearest,
  type Place,
  placeAt,
  step,
  stretch,
} from "./places";

interface CellChartProps {
  label: string;
  layout: HeatLayout;
  size: { width: number; height: number };
  pinned: number | null;
  brush: Brush | null;
  /** One sentence for a cell: read out, and shown under the pointer. */
  describe: (index: number) => string;
  /** What is said of the row and column of a place, beside its own sentence. */
  beside: (place: Place) => string;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  /** Null where cells cannot be marked. */
  onBrush: ((brush: Brush | null) => void) | null;
  /** The picture itself, of the layout. */
  children: ReactNode;
}

const FIRST: Place = { panel: 0, row: 0, col: 0 };
const HINT = "Point at a cell to read it, click to pin it.";
const MARKING =
  "Point at a cell to read it, click to pin it, drag over several. Enter opens it; Shift with arrows marks several.";

/** Cells as one focusable grid: a click pins, a drag or Shift marks, arrows walk, Enter opens. */
export function CellChart(props: CellChartProps) {
  const { label, layout, size, pinned, brush, describe, onPin, onOpen, onBrush } = props;
  const [hover, setHover] = useState<Place | null>(null);
  const [active, setActive] = useState<Place>(FIRST);
  const [focused, setFocused] = useState(false);
  const [dragged, setDragged] = useState<Brush | null>(null);
  const pressed = useRef<Place | null>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const id = useId();
  const current = inside(layout, active) ? active : FIRST;
  const shown = focused ? current : hover;
  const marked = dragged ?? brush;

  const at = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const place = placeAt(layout, ...at(event));
    if (!place) return;
    if (onBrush && event.shiftKey && place.panel === current.panel) {
      event.preventDefault();
      return onBrush({ from: brush?.from ?? current, to: place });
    }
    setActive(place);
    pressed.current = place;
    // A finger scrolls the page: what it marks, it marks by Shift's equivalent, the buttons.
    if (event.pointerType !== "touch") event.currentTarget.setPointerCapture?.(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = pressed.current;
    if (!from || event.pointerType === "touch" || event.buttons === 0) {
      const place = placeAt(layout, ...at(event));
      return setHover((before) => (samePlace(before, place) ? before : place));
    }
    const to = nearest(layout, from.panel, ...at(event));
    setHover(to);
    if (!onBrush) return;
    setDragged((before) =>
      !before && samePlace(from, to)
        ? null
        : before && samePlace(before.to, to)
          ? before
          : { from, to },
    );
  };
  const onPointerUp = () => {
    const place = pressed.current;
    pressed.current = null;
    if (dragged) {
      onBrush?.(dragged);
      setDragged(null);
    } else if (place) {
      const index = cellIndex(layout, place);
      onPin(index === pinned ? null : index);
    }
  };
  const onPointerCancel = () => {
    pressed.current = null;
    setDragged(null);
  };

  const moveTo = (place: Place) => {
    setActive(place);
    reveal(scroll.current, layout, place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === "Enter") {
      event.preventDefault();
      return onOpen(cellIndex(layout, current));
    }
    if (event.key === " ") onPin(cellIndex(layout, current));
    else if (event.key === "Escape") brush ? onBrush?.(null) : onPin(null);
    else if (onBrush && event.shiftKey && step(layout, current, event.key, ctrl)) {
      const begun = brush && samePlace(brush.to, current) ? brush : { from: current, to: current };
      const next = stretch(layout, begun, event.key, ctrl);
      onBrush(next);
      moveTo(next.to);
    } else {
      const next = step(layout, current, event.key, ctrl);
      if (!next || event.altKey) return;
      moveTo(next);
    }
    event.preventDefault();
  };

  const rowNumber = current.panel * layout.rows.length + current.row + 1;
  const cellId = `${id}-cell`;
  return (
    <div className={css.wrap}>
      <p className={css.readout} aria-hidden="true">
        {shown ? describe(cellIndex(layout, shown)) : onBrush ? MARKING : HINT}
        {shown && <span>{props.beside(shown)}</span>}
      </p>
      <div className={css.scroll} ref={scroll} tabIndex={size.width > 900 ? 0 : undefined}>
        <div
          className={css.grid}
          style={{ width: size.width, height: size.height }}
          role="grid"
          tabIndex={0}
          aria-label={label}
          aria-multiselectable={Boolean(onBrush)}
          aria-rowcount={layout.rows.length * layout.panels.length}
          aria-colcount={layout.cols.length}
          aria-activedescendant={cellId}
          onPointerMove={onPointerMove}
          onPointerLeave={() => setHover(null)}
          onPointerDown={onPointerDown}
          onPointerUp={onPointerUp}
          onPointerCancel={onPointerCancel}
          onDoubleClick={() => pinned !== null && onOpen(pinned)}
          onKeyDown={onKeyDown}
          onFocus={(event) => setFocused(event.currentTarget.matches(":focus-visible"))}
          onBlur={() => setFocused(false)}
        >
          {props.children}
          {/* Only the active cell exists for assistive technology; it moves with the arrows. */}
          <div role="row" aria-rowindex={rowNumber} className="visually-hidden">
            <div
              role="gridcell"
              id={cellId}
              aria-colindex={current.col + 1}
              aria-selected={Boolean(marked && within(marked, current))}
            >
              {describe(cellIndex(layout, current))}
            </div>
          </div>
          <Frames
            layout={layout}
            hover={focused ? null : hover}
            active={focused ? current : null}
            pinned={pinned}
            brush={marked}
          />
        </div>
      </div>
    </div>
  );
}

function samePlace(one: Place | null, other: Place | null): boolean {
  if (one === other) return true;
  return Boolean(
    one && other && one.panel === other.panel && one.row === other.row && one.col === other.col,
  );
}

function within(brush: Brush, { panel, row, col }: Place): boolean {
  const box = corners(brush);
  return (
    panel === box.panel &&
    row >= box.top &&
    row <= box.bottom &&
    col >= box.left &&
    col <= box.right
  );
}

/** Brings a square that keys have gone to into the part of a wide grid that is seen. */
function reveal(scroll: HTMLElement | null, layout: HeatLayout, place: Place): void {
  if (!scroll) return;
  const x = layout.left + place.col * layout.cell.width;
  const y = layout.panels[place.panel]!.y + place.row * layout.cell.height;
  const { clientWidth, clientHeight } = scroll;
  if (x < scroll.scrollLeft + layout.left) scroll.scrollLeft = x - layout.left;
  else if (x + layout.cell.width > scroll.scrollLeft + clientWidth)
    scroll.scrollLeft = x + layout.cell.width - clientWidth;
  if (y < scroll.scrollTop + layout.top) scroll.scrollTop = y - layout.top;
  else if (y + layout.cell.height > scroll.scrollTop + clientHeight)
    scroll.scrollTop = y + layout.cell.height - clientHeight;
}
