import { useLayoutEffect, useRef } from "react";
import type { Edge } from "./edges";
import css from "./heatmap.module.css";
import { forgetFont, paintScene, resolverOf } from "./paintScene";
import type { Scene } from "./scene";

interface CanvasSceneProps {
  scene: Scene;
  theme: string;
  /** Parts that stay in sight: copies of what was painted, each on a small canvas of its own. */
  edges: readonly Edge[];
}

/** A scene on a canvas, painted again when it or the theme changes. */
export function CanvasScene({ scene, theme, edges }: CanvasSceneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shape = JSON.stringify(edges);
  // biome-ignore lint/correctness/useExhaustiveDependencies: edges are the same as long as their shape is
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !theme) return;
    const began = performance.now();
    const ratio = window.devicePixelRatio || 1;
    sized(element, scene.width * ratio, scene.height * ratio) && forgetFont(context);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, scene.width, scene.height);
    paintScene(context, scene.marks, resolverOf(element));
    for (const [index, edge] of edges.entries()) {
      const copy = element.parentElement?.querySelectorAll<HTMLCanvasElement>("[data-edge]")[index];
      const [x, y, width, height] = [edge.x, edge.y, edge.width, edge.height].map((each) =>
        Math.ceil(each * ratio),
      ) as [number, number, number, number];
      if (!copy) continue;
      sized(copy, width, height);
      const over = copy.getContext("2d");
      over?.clearRect(0, 0, width, height);
      over?.drawImage(element, x, y, width, height, 0, 0, width, height);
    }
    // For whoever measures the page (`benchmarks/page.py`); nothing is kept.
    performance.measure("neuronscope-paint", { start: began });
    performance.clearMeasures("neuronscope-paint");
  }, [scene, theme, shape]);
  return (
    <>
      <canvas
        ref={canvas}
        style={{ width: scene.width, height: scene.height, display: "block" }}
        aria-hidden="true"
      />
      {edges.map(({ side, y, width, height }) => (
        <canvas
          key={side}
          data-edge={side}
          className={css[side]}
          style={{ width, height, marginTop: y }}
          aria-hidden="true"
        />
      ))}
    </>
  );
}

/** Gives a canvas so many pixels; false where it has them already. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): boolean {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  if (canvas.width === w && canvas.height === h) return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}
