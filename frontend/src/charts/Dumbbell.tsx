import { useState } from "react";
import type { TokenScore } from "../api/types";
import { percent, visible } from "../lib/format";
import { useWidth } from "../lib/hooks";
import { Segmented } from "../ui/ui";
import css from "./charts.module.css";
import { type DumbbellRow, dumbbellLayout } from "./dumbbellLayout";

interface DumbbellProps {
  clean: readonly TokenScore[];
  edited: readonly TokenScore[];
  /** A run without an edit: only one of the two is drawn. */
  same?: boolean;
}

const R = 5;

/** Probability of the top tokens, clean and edited: one row each, on one axis. */
export function Dumbbell({ clean, edited, same }: DumbbellProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [axis, setAxis] = useState<"linear" | "log">("linear");
  const left = Math.min(120, Math.max(70, width * 0.22));
  const layout = dumbbellLayout(clean, edited, {
    width,
    left,
    right: 64,
    log: axis === "log",
    limit: 12,
  });
  return (
    <figure className={css.figure} ref={ref}>
      <figcaption className={css.caption}>
        <span className={css.keyClean}>clean</span>
        {!same && <span className={css.keyEdited}>edited</span>}
        {!same && <span className={css.keyOpen}>open: not among the top {clean.length}</span>}
        <Segmented
          label="Scale of the axis"
          value={axis}
          options={[
            { value: "linear", label: "linear" },
            { value: "log", label: "log" },
          ]}
          onChange={setAxis}
        />
      </figcaption>
      {width > 0 && (
        <svg width={width} height={layout.height} role="img" aria-label={summary(layout.rows)}>
          {layout.ticks.map(({ x, label }) => (
            <g key={label} transform={`translate(${x},0)`}>
              <line className={css.gridline} y1={18} y2={layout.height - 6} />
              <text className={css.tick} y={11} textAnchor="middle">
                {label}
              </text>
            </g>
          ))}
          {layout.rows.map((row) => (
            <Row key={row.id} row={row} edge={layout.edge} width={width} same={Boolean(same)} />
          ))}
        </svg>
      )}
    </figure>
  );
}

function Row({
  row,
  edge,
  width,
  same,
}: {
  row: DumbbellRow;
  edge: number;
  width: number;
  same: boolean;
}) {
  const from = row.clean ?? edge;
  const to = row.edited ?? edge;
  const flipped = !same && row.editedRank === 1 && row.cleanRank !== 1;
  const says = (p: number | null) => (p === null ? "not listed" : percent(p));
  return (
    <g transform={`translate(0,${row.y})`}>
      <title>{`${visible(row.token)}: clean ${says(row.cleanP)}${same ? "" : `, edited ${says(row.editedP)}`}`}</title>
      <rect x={0} y={-12} width={width} height={24} className={css.hit} />
      <text
        className={flipped ? css.tokenFlipped : css.token}
        x={edge - 14}
        textAnchor="end"
        dy="0.32em"
      >
        {short(visible(row.token))}
      </text>
      <line x1={edge} x2={width - 64} className={css.baseline} />
      {!same && <line x1={from} x2={to} className={to < from ? css.loss : css.gain} />}
      <circle cx={from} r={R} className={row.clean === null ? css.openClean : css.clean} />
      {!same && (
        <rect
          x={to - R}
          y={-R}
          width={2 * R}
          height={2 * R}
          transform={`rotate(45 ${to} 0) scale(1)`}
          className={row.edited === null ? css.openEdited : css.edited}
        />
      )}
      <text className={css.value} x={width - 2} textAnchor="end" dy="0.32em">
        {says(same ? row.cleanP : row.editedP).replace("not listed", "–")}
      </text>
    </g>
  );
}

function short(text: string): string {
  return text.length > 12 ? `${text.slice(0, 11)}…` : text;
}

function summary(rows: readonly DumbbellRow[]): string {
  const first = rows
    .slice(0, 3)
    .map(
      (row) =>
        `${visible(row.token)} ${row.cleanP === null ? "–" : percent(row.cleanP)} to ${row.editedP === null ? "–" : percent(row.editedP)}`,
    );
  return `Top tokens, clean to edited: ${first.join("; ")}. The table view has every number.`;
}
