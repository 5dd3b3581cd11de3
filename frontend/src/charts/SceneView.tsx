import type { ReactNode } from "react";
import { type Edge, marksOf } from "./edges";
import css from "./heatmap.module.css";
import { BASELINE, type Mark, type Scene, SMALL } from "./scene";

const ink = (colour: string | undefined) =>
  colour === undefined ? "none" : colour.startsWith("--") ? `var(${colour})` : colour;

interface SceneViewProps {
  scene: Scene;
  label?: string;
  /** Parts that stay in sight: of shapes only the axis at the left, drawn again. */
  edges?: readonly Edge[];
}

/** A scene as SVG on the page; for a few thousand marks at most. */
export function SceneView({ scene, label, edges }: SceneViewProps) {
  const left = edges?.find(({ side }) => side === "left");
  const whole = (
    <svg
      width={scene.width}
      height={scene.height}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
      style={{ display: "block" }}
    >
      {scene.marks.map(view)}
    </svg>
  );
  if (!left) return whole;
  return (
    <>
      {whole}
      <div className={css.left} style={{ width: left.width, height: left.height }}>
        <SceneView scene={{ ...left, marks: marksOf(left, scene.marks) }} />
      </div>
    </>
  );
}

function view(mark: Mark, key: number): ReactNode {
  switch (mark.kind) {
    case "rect":
      return (
        <rect
          key={key}
          x={mark.x}
          y={mark.y}
          width={mark.width}
          height={mark.height}
          fill={ink(mark.fill)}
        />
      );
    case "path":
      return (
        <path
          key={key}
          d={mark.d}
          fill={ink(mark.fill)}
          stroke={ink(mark.stroke)}
          strokeWidth={mark.width}
          strokeDasharray={mark.dash}
        />
      );
    case "text":
      return (
        <text
          key={key}
          x={mark.x}
          y={mark.y}
          dy={`${BASELINE}em`}
          fontSize={mark.size ?? SMALL}
          fontWeight={mark.weight}
          style={{ fontFamily: `var(--${mark.font ?? "sans"})` }}
          textAnchor={mark.anchor}
          fill={ink(mark.fill)}
          transform={mark.rotate ? `rotate(${mark.rotate} ${mark.x} ${mark.y})` : undefined}
        >
          {mark.text}
        </text>
      );
    case "group":
      return (
        <g key={key} transform={`translate(${mark.x},${mark.y})`}>
          {mark.marks.map(view)}
        </g>
      );
    case "pattern":
      return mark.boxes.map(([x, y, width, height]) => (
        <rect
          key={`${key}-${x}-${y}`}
          x={x + 0.5}
          y={y + 0.5}
          width={Math.max(0, width - 1)}
          height={Math.max(0, height - 1)}
          fill="none"
          stroke={ink(mark.stroke)}
          strokeDasharray={mark.pattern === "dots" ? "1 4" : "4 3"}
        />
      ));
    case "image":
      return null;
  }
}
