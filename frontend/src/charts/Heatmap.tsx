import { useMemo } from "react";
import { CanvasScene } from "./CanvasScene";
import { CellChart } from "./CellChart";
import { type HeatPicture, heatScene } from "./heatScene";

interface HeatmapProps {
  label: string;
  picture: Omit<HeatPicture, "marginals" | "running">;
  pinned: number | null;
  describe: (index: number) => string;
  onPin: (index: number | null) => void;
  onOpen: (index: number) => void;
  theme: string;
}

/** A heatmap without bars beside it: cells are read, pinned and opened, not marked. */
export function Heatmap({ label, picture, theme, ...reading }: HeatmapProps) {
  const scene = useMemo(
    () => heatScene({ ...picture, marginals: [], running: false }, "pixels"),
    [picture],
  );
  return (
    <CellChart
      {...reading}
      label={label}
      layout={picture.layout}
      size={scene}
      brush={null}
      beside={null}
      onBrush={null}
    >
      {(edges) => <CanvasScene scene={scene} theme={theme} edges={edges} />}
    </CellChart>
  );
}
