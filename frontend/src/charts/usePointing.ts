// What a pointer does over cells: a click pins, a drag or Shift marks, a double click opens.
import { type MouseEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { type Edge, seenAt } from "./edges";
import type { HeatLayout } from "./heatLayout";
import {
  type Brush,
  barAt,
  cellIndex,
  isPlace,
  type Line,
  nearest,
  type Place,
  placeAt,
  placeOf,
  sameLine,
} from "./places";

interface Pointing {
  layout: HeatLayout;
  edges: readonly Edge[];
  scroll: React.RefObject<HTMLElement | null>;
  /** Whether there are bars beside the cells, which mark their row or column. */
  bars: boolean;
  current: Place;
  pinned: number | null;
  brush: Brush | null;
  setActive: (place: Place) => void;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  onBrush: ((brush: Brush | null) => void) | null;
}

export function usePointing(props: Pointing) {
  const { layout, edges, scroll, bars, current, pinned, brush, setActive } = props;
  const { onPin, onOpen, onBrush } = props;
  const [hover, setHover] = useState<Line | null>(null);
  const [dragged, setDragged] = useState<Brush | null>(null);
  /** One corner of a rectangle whose other one the next click gives. */
  const [corner, setCorner] = useState<Place | null>(null);
  const pressed = useRef<Place | null>(null);
  const clicked = useRef<Place | null>(null);
  const marking = useRef(false);

  useEffect(() => {
    if (!corner) return;
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setCorner(null);
    };
    document.addEventListener("keydown", onKey, true);
    return () => document.removeEventListener("keydown", onKey, true);
  }, [corner]);

  const at = (event: MouseEvent): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const lineAt = (event: MouseEvent): Line | null => {
    const point = at(event);
    const [x, y] = scroll.current ? seenAt(edges, scroll.current, ...point) : point;
    return placeAt(layout, x, y) ?? (bars ? barAt(layout, x, y) : null);
  };
  const completed = (place: Place) => {
    if (!corner) return;
    onBrush?.({ from: corner, to: place });
    setCorner(null);
  };

  const onPointerDown = (event: PointerEvent) => {
    marking.current = false;
    if (event.button !== 0) return;
    const place = lineAt(event);
    if (!isPlace(place)) return;
    if (onBrush && event.shiftKey && place.panel === current.panel) {
      event.preventDefault();
      marking.current = true;
      return onBrush({ from: brush?.from ?? current, to: place });
    }
    setActive(place);
    pressed.current = place;
    // A finger scrolls the page: it marks by “Mark from here”.
    if (event.pointerType !== "touch") event.currentTarget.setPointerCapture?.(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = pressed.current;
    if (!from || event.pointerType === "touch" || event.buttons === 0) {
      const line = lineAt(event);
      return setHover((before) => (sameLine(before, line) ? before : line));
    }
    const to = nearest(layout, from.panel, ...at(event));
    setHover(to);
    if (!onBrush) return;
    setDragged((before) =>
      !before && sameLine(from, to)
        ? null
        : before && sameLine(before.to, to)
          ? before
          : { from, to },
    );
  };
  const onPointerUp = () => {
    pressed.current = null;
    if (!dragged) return;
    marking.current = true;
    onBrush?.(dragged);
    setDragged(null);
    setCorner(null);
  };
  const onPointerCancel = () => {
    pressed.current = null;
    setDragged(null);
  };
  const onClick = (event: MouseEvent) => {
    if (marking.current) return;
    if (corner) return completed(nearest(layout, corner.panel, ...at(event)));
    const place = lineAt(event);
    if (!isPlace(place)) return;
    // The second click of two on one cell opens it: it does not take back what the first did.
    const again = event.detail > 1 && sameLine(clicked.current, place);
    clicked.current = place;
    const index = cellIndex(layout, place);
    if (!again) onPin(index === pinned ? null : index);
  };
  const onDoubleClick = (event: MouseEvent) => {
    const place = lineAt(event);
    if (isPlace(place) && !corner) onOpen(cellIndex(layout, place));
  };

  const pinnedPlace = pinned === null ? null : placeOf(layout, pinned);
  const reach = corner && isPlace(hover) && hover.panel === corner.panel ? hover : corner;
  return {
    hover,
    /** What is being marked, before it is. */
    marked: dragged ?? (corner && reach && { from: corner, to: reach }),
    corner,
    completed,
    /** Begins a rectangle at the pinned cell; null where there is none, or it cannot be marked. */
    begin: onBrush && pinnedPlace && !corner ? () => setCorner(pinnedPlace) : null,
    cancel: () => setCorner(null),
    handlers: {
      onPointerMove,
      onPointerLeave: () => setHover(null),
      onPointerDown,
      onPointerUp,
      onPointerCancel,
      onClick,
      onDoubleClick,
    },
  };
}
