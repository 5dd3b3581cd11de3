import { useLayoutEffect, useRef } from "react";
import { count } from "../lib/format";
import type { Domain } from "./colour";
import css from "./heatmap.module.css";

interface LegendProps {
  domain: Domain;
  colours: Uint8ClampedArray;
  title: string;
  positive: string;
  show: (value: number) => string;
  floor: string | null;
  pending: number;
  failed: number;
}

/** The scale: unit, ends, zero, what positive means, clipping, and what is not a value. */
export function Legend({
  domain,
  colours,
  title,
  positive,
  show,
  floor,
  pending,
  failed,
}: LegendProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(256, 1);
    image.data.set(colours);
    context.putImageData(image, 0, 0);
  }, [colours]);
  const clipped = domain.below + domain.above;
  return (
    <div className={css.legend}>
      <b>{title}</b>
      <div className={css.scale}>
        <canvas ref={canvas} width={256} height={1} aria-hidden="true" />
        <div className={css.ends}>
          <span>{(domain.below ? "≤ " : "") + show(domain.low)}</span>
          {domain.signed && <span>0</span>}
          <span>{(domain.above ? "≥ " : "") + show(domain.high)}</span>
        </div>
      </div>
      <ul>
        <li>{positive}</li>
        {floor && <li>noise floor {floor}</li>}
        {clipped > 0 && <li>{count(clipped, "cell lies", "cells lie")} beyond the scale’s ends</li>}
        {pending > 0 && <li className={css.pendingKey}>{pending} not run</li>}
        {failed > 0 && <li className={css.failedKey}>{failed} without a value</li>}
      </ul>
    </div>
  );
}
