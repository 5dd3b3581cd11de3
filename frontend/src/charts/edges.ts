// What stays in sight while a picture is scrolled: its labels, and the bars beside its rows.
import type { HeatLayout } from "./heatLayout";
import type { Mark } from "./scene";

/** A part of the picture that is shown again at a side of what is seen. */
export interface Edge {
  side: "left" | "right" | "top" | "corner";
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A chart is at most so tall; what is taller is scrolled. */
export const MOST_HEIGHT = 640;
/** In less there would hardly be room for cells between labels and bars. */
const LEAST_WITH_BARS = 480;

interface Size {
  width: number;
  height: number;
}

/** The edges of a picture in a window of a width: none where all of it is seen. */
export function edgesOf(layout: HeatLayout, size: Size, seen: number, bars: boolean): Edge[] {
  const { left, top, width } = layout;
  const [wide, tall] = [seen > 0 && size.width > seen, size.height > MOST_HEIGHT];
  const edges: Edge[] = [];
  if (wide) edges.push({ side: "left", x: 0, y: 0, width: left, height: size.height });
  if (wide && bars && seen >= LEAST_WITH_BARS)
    edges.push({
      side: "right",
      x: width,
      y: top,
      width: size.width - width,
      height: size.height - top,
    });
  if (tall) edges.push({ side: "top", x: 0, y: 0, width: size.width, height: top });
  if (wide && tall) edges.push({ side: "corner", x: 0, y: 0, width: left, height: top });
  return edges;
}

/** What is drawn on an edge: the labels that lie in it; beside the rows, the bars. */
export function marksOf({ side, width, height }: Edge, marks: readonly Mark[]): Mark[] {
  switch (side) {
    case "left":
      return marks.filter((mark) => mark.kind === "text" && mark.x < width);
    case "top":
      return marks.filter((mark) => mark.kind === "text" && mark.y < height);
    case "right":
      return marks.filter((mark) => mark.kind === "path");
    case "corner":
      return [];
  }
}

/** How far a window is scrolled, and how much of the picture it shows. */
export type Scrolled = Pick<
  HTMLElement,
  "scrollLeft" | "scrollTop" | "clientWidth" | "clientHeight"
>;

/** The point of the picture that is seen at a point: edges lie over what is scrolled beneath. */
export function seenAt(
  edges: readonly Edge[],
  { scrollLeft, scrollTop, clientWidth }: Scrolled,
  x: number,
  y: number,
): [number, number] {
  let point: [number, number] = [x, y];
  const [fromLeft, fromTop] = [x - scrollLeft, y - scrollTop];
  for (const { side, x: begins, width, height } of edges) {
    const fromRight = fromLeft - (clientWidth - width);
    if (side === "left" && fromLeft < width) point = [fromLeft, point[1]];
    if (side === "right" && fromRight >= 0) point = [begins + fromRight, point[1]];
    if (side === "top" && fromTop < height) point = [point[0], fromTop];
  }
  return point;
}

/** Where to scroll for a box to lie between the edges. */
export function revealed(
  edges: readonly Edge[],
  { scrollLeft, scrollTop, clientWidth, clientHeight }: Scrolled,
  box: { x: number; y: number; width: number; height: number },
): { left: number; top: number } {
  const room = (side: Edge["side"], extent: "width" | "height") =>
    edges.find((edge) => edge.side === side)?.[extent] ?? 0;
  const along = (at: number, from: number, to: number, before: number, seen: number) =>
    from < at + before ? from - before : to > at + seen ? to - seen : at;
  const [across, down] = [clientWidth - room("right", "width"), clientHeight];
  return {
    left: along(scrollLeft, box.x, box.x + box.width, room("left", "width"), across),
    top: along(scrollTop, box.y, box.y + box.height, room("top", "height"), down),
  };
}
