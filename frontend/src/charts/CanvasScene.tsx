import { useLayoutEffect, useRef } from "react";
import { forgetFont, paintScene, resolverOf } from "./paintScene";
import type { Scene } from "./scene";

/** A scene on a canvas, painted again when it or the theme changes. */
export function CanvasScene({ scene, theme }: { scene: Scene; theme: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !theme) return;
    const began = performance.now();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.ceil(scene.width * ratio), Math.ceil(scene.height * ratio)];
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
      forgetFont(context);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, scene.width, scene.height);
    paintScene(context, scene.marks, resolverOf(element));
    // For whoever measures the page (`benchmarks/page.py`); nothing is kept.
    performance.measure("neuronscope-paint", { start: began });
    performance.clearMeasures("neuronscope-paint");
  }, [scene, theme]);
  return (
    <canvas
      ref={canvas}
      style={{ width: scene.width, height: scene.height, display: "block" }}
      aria-hidden="true"
    />
  );
}
