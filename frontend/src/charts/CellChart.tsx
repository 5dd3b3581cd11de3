import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { useWidth } from "../lib/hooks";
import { Button } from "../ui/ui";
import { type Edge, edgesOf, MOST_HEIGHT, revealed } from "./edges";
import { Frames } from "./Frames";
import type { HeatLayout } from "./heatLayout";
import css from "./heatmap.module.css";
import {
  type Brush,
  cellIndex,
  inside,
  isPlace,
  type Line,
  type Place,
  sameLine,
  step,
  stretch,
  within,
} from "./places";
import { usePointing } from "./usePointing";

interface CellChartProps {
  label: string;
  layout: HeatLayout;
  size: { width: number; height: number };
  pinned: number | null;
  brush: Brush | null;
  /** One sentence for a cell: read out, and shown under the pointer. */
  describe: (index: number) => string;
  /** What is said of a row, a column, or both; null where there are no bars beside the cells. */
  beside: ((line: Line) => string) | null;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  /** Null where cells cannot be marked. */
  onBrush: ((brush: Brush | null) => void) | null;
  /** The picture itself, of the layout, and the parts of it that stay in sight. */
  children: (edges: readonly Edge[]) => ReactNode;
}

const FIRST: Place = { panel: 0, row: 0, col: 0 };
const HINT = "Point at a cell to read it, click to pin it.";
const MARKING =
  "Point at a cell to read it, click to pin it, drag over several. Enter opens it; Shift with arrows marks several.";
const CORNER = "Click or tap the cell at the other corner. Escape cancels.";

/** Cells as one focusable grid: a click pins, a drag or Shift marks, arrows walk, Enter opens. */
export function CellChart(props: CellChartProps) {
  const { label, layout, size, pinned, brush, describe, beside, onPin, onOpen, onBrush } = props;
  const [active, setActive] = useState<Place>(FIRST);
  const [focused, setFocused] = useState(false);
  const [scroll, seen] = useWidth<HTMLDivElement>();
  const id = useId();
  const current = inside(layout, active) ? active : FIRST;
  const edges = edgesOf(layout, size, seen, beside !== null);
  const pointing = usePointing({
    ...{ layout, edges, scroll, current, pinned, brush, setActive, onPin, onOpen, onBrush },
    bars: beside !== null,
  });
  const { hover, corner } = pointing;
  const shown = focused ? current : hover;
  const marked = pointing.marked ?? brush;

  const moveTo = (place: Place) => {
    setActive(place);
    if (scroll.current) scroll.current.scrollTo(revealed(edges, scroll.current, boxOf(place)));
  };
  const boxOf = ({ panel, row, col }: Place) => ({
    x: layout.left + col * layout.cell.width,
    y: layout.panels[panel]!.y + row * layout.cell.height,
    ...layout.cell,
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const ctrl = event.ctrlKey || event.metaKey;
    const chosen = event.key === "Enter" || event.key === " ";
    if (chosen && corner) {
      if (corner.panel === current.panel) pointing.completed(current);
    } else if (event.key === "Enter") onOpen(cellIndex(layout, current));
    else if (event.key === " ") onPin(cellIndex(layout, current));
    else if (event.key === "Escape") brush ? onBrush?.(null) : onPin(null);
    else if (onBrush && event.shiftKey && step(layout, current, event.key, ctrl)) {
      const begun = brush && sameLine(brush.to, current) ? brush : { from: current, to: current };
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
  const hint = corner ? CORNER : onBrush ? MARKING : HINT;
  return (
    <div className={css.wrap}>
      <p className={css.readout} aria-hidden="true">
        {isPlace(shown) ? describe(cellIndex(layout, shown)) : !shown && hint}
        {shown && <span>{beside?.(shown)}</span>}
      </p>
      <div
        className={css.scroll}
        style={{ maxHeight: MOST_HEIGHT }}
        ref={scroll}
        tabIndex={edges.length > 0 ? 0 : undefined}
      >
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
          {...pointing.handlers}
          onKeyDown={onKeyDown}
          onFocus={(event) => setFocused(event.currentTarget.matches(":focus-visible"))}
          onBlur={() => setFocused(false)}
        >
          {props.children(edges)}
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
      <div className={css.marking}>
        {pointing.begin && (
          <Button small onClick={pointing.begin} title="Then click or tap the other corner">
            Mark from here
          </Button>
        )}
        {corner && (
          <Button small onClick={pointing.cancel}>
            Do not mark
          </Button>
        )}
      </div>
      <span role="status" className="visually-hidden">
        {corner && CORNER}
      </span>
    </div>
  );
}
