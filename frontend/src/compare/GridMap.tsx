import { useMemo } from "react";
import type { GridData } from "../api/types";
import { Heatmap } from "../charts/Heatmap";
import type { Shown } from "../explorer/gridView";
import { useWidth } from "../lib/hooks";
import { useTheme } from "../lib/theme";
import css from "./compare.module.css";
import { layOutMap, mapPicture, type Scale } from "./mapPicture";

interface GridMapProps {
  title: string;
  grid: GridData;
  shown: Shown;
  scale: Scale;
  pinned: number | null;
  describe: (index: number) => string;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
}

/** One of the three heatmaps: the scale is given, so that all three share it. */
export function GridMap(props: GridMapProps) {
  const { title, grid, shown, scale, pinned, describe, onPin, onOpen } = props;
  const [ref, width] = useWidth<HTMLDivElement>();
  const theme = useTheme();
  const layout = useMemo(() => (width ? layOutMap(grid, width) : null), [grid, width]);
  const picture = useMemo(
    () => layout && mapPicture(grid, shown, layout, scale),
    [grid, shown, layout, scale],
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
