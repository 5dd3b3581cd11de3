import { useLayoutEffect, useRef } from "react";
import { type Edge, marksOf } from "./edges";
import css from "./heatmap.module.css";
import { forgetFont, paintScene, type Resolve, resolverOf } from "./paintScene";
import type { Mark, Scene } from "./scene";

interface CanvasSceneProps {
  scene: Scene;
  theme: string;
  /** Parts that stay in sight: each on a small canvas of its own. */
  edges: readonly Edge[];
}

/** A scene on a canvas, painted again when it or the theme changes. */
export function CanvasScene({ scene, theme, edges }: CanvasSceneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shape = JSON.stringify(edges);
  // biome-ignore lint/correctness/useExhaustiveDependencies: edges are the same as long as their shape is
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !theme) return;
    const began = performance.now();
    const resolve = resolverOf(element);
    paintOn(element, { x: 0, y: 0, ...scene }, scene.marks, resolve);
    const copies = element.parentElement?.querySelectorAll<HTMLCanvasElement>("[data-edge]");
    copies?.forEach((copy, index) => {
      const edge = edges[index]!;
      paintOn(copy, edge, marksOf(edge, scene.marks), resolve);
    });
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

/** Paints what lies in a box of a scene on a canvas of its size. */
function paintOn(
  canvas: HTMLCanvasElement,
  box: { x: number; y: number; width: number; height: number },
  marks: readonly Mark[],
  resolve: Resolve,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.ceil(box.width * ratio), Math.ceil(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    forgetFont(context);
  }
  context.setTransform(ratio, 0, 0, ratio, -box.x * ratio, -box.y * ratio);
  context.clearRect(box.x, box.y, box.width, box.height);
  paintScene(context, marks, resolve);
}
