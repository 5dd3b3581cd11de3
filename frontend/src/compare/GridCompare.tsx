import { useMemo } from "react";
import { useLocation } from "wouter";
import { useModel, useRun } from "../api/queries";
import type { GridData, MetricKind } from "../api/types";
import { ExportMenu } from "../charts/ExportMenu";
import { Legend } from "../charts/Legend";
import { unitWord } from "../explorer/gridChart";
import {
  cellName,
  cellRun,
  cellText,
  type Shown,
  STATUS_WORDS,
  showValue,
} from "../explorer/gridView";
import { useTheme } from "../lib/theme";
import { useChoice } from "../lib/useChoice";
import { METRICS } from "../lib/words";
import { Term } from "../ui/Term";
import { Notice, Panel, Segmented, styles } from "../ui/ui";
import css from "./compare.module.css";
import { DifferenceTable } from "./DifferenceTable";
import { GridMap } from "./GridMap";
import { gridCompareFile } from "./gridCompareFile";
import { pairGrids, trio } from "./pair";
import { SIDES, trioChart } from "./trioChart";

const TABS = ["map", "table"] as const;

interface GridCompareProps {
  a: GridData;
  b: GridData;
  metric: string | null;
  cell: string | null;
  onChange: (changes: Record<string, string | null>) => void;
}

/** Two grids and their difference, all three in the same colours. */
export function GridCompare({ a, b, metric, cell, onChange }: GridCompareProps) {
  const [tab, setTab] = useChoice("tab", TABS);
  const [, go] = useLocation();
  const run = useRun({ why: "other" });
  const loaded = useModel().data?.info?.model_digest;
  const pairing = useMemo(() => pairGrids(a, b), [a, b]);
  const pairs = pairing.ok ? pairing.pairs : [];
  const pair = pairs.find((each) => each.a === metric) ?? pairs.at(-1) ?? null;
  const three = useMemo(() => (pair ? trio(a, b, pair) : null), [a, b, pair]);
  const theme = useTheme();
  const chart = useMemo(() => three && trioChart(three, theme), [three, theme]);
  if (!pairing.ok) {
    return (
      <Panel title="B − A">
        <Notice kind="warn">
          <b>These two cannot be subtracted.</b> {pairing.why.join(" ")} Run one of them again over
          the axes of the other, then compare.
        </Notice>
      </Panel>
    );
  }
  if (!three || !chart || !pair) return null;
  const { difference } = three;
  const kind = a.metrics[pair.a]!.kind as MetricKind;
  const pinned = cell !== null && Number(cell) < difference.values.length ? Number(cell) : null;
  const pin = (index: number | null) => onChange({ cell: index === null ? null : String(index) });
  const runnable = a.model.model_digest === loaded && b.model.model_digest === loaded;
  const open = async (index: number) => {
    if (!runnable || run.isPending) return pin(index);
    const left = await run.mutateAsync(cellRun(a, index)).catch(() => null);
    const right = left && (await run.mutateAsync(cellRun(b, index)).catch(() => null));
    if (left && right) go(`/c?a=${left.id}&b=${right.id}`);
  };
  const bad = difference.status.filter((each) => each !== "ok" && each !== "pending").length;
  return (
    <Panel title="A, B and B − A">
      {pairing.notes.map((note) => (
        <Notice key={note} kind="warn">
          {note}
        </Notice>
      ))}
      <div className={css.bar}>
        <Segmented
          label="Metric"
          value={pair.a}
          options={pairs.map((each) => ({ value: each.a, label: each.title }))}
          onChange={(value) => onChange({ metric: value })}
        />
        <Segmented
          label="How to show the grids"
          value={tab}
          options={[
            { value: "map", label: "Heatmaps" },
            { value: "table", label: "Table" },
          ]}
          onChange={setTab}
        />
        <ExportMenu hotkey file={() => gridCompareFile({ a, b, pair, three })} />
      </div>
      {tab === "table" ? (
        <DifferenceTable grid={a} three={three} />
      ) : (
        <>
          <Legend
            {...chart.scale}
            title={chart.title}
            notes={chart.notes}
            words={[
              { id: "difference", label: "B − A" },
              { id: kind, label: METRICS[kind].label },
              ...unitWord(difference.unit),
              { id: "clipping", label: "clipped" },
              { id: "noise_floor", label: "noise floor" },
            ]}
            show={(value) => showValue(difference, value)}
            floor={difference.floor}
            controls={[]}
            pending={difference.status.filter((each) => each === "pending").length}
            running={false}
            failed={bad}
          />
          <div className={css.trio}>
            {SIDES.map(({ key, title }) => (
              <GridMap
                key={key}
                title={title}
                grid={key === "b" ? b : a}
                shown={three[key]}
                scale={chart.scale}
                pinned={pinned}
                describe={(index) => reading(three[key], index, key === "b" ? b : a)}
                onPin={pin}
                onOpen={open}
              />
            ))}
          </div>
          <p className={css.reading} role="status">
            {pinned === null ? (
              `Click a cell, or walk with the arrow keys and press Space, to read all three.${
                runnable ? " Enter opens its two experiments, compared." : ""
              }`
            ) : (
              <>
                <b>{cellName(a, pinned)}</b>: A {say(three.a, pinned)}, B {say(three.b, pinned)}, B
                − A <b>{say(difference, pinned)}</b>
              </>
            )}
          </p>
        </>
      )}
      <p className={styles.label}>
        <small>
          A difference smaller than both <Term id="noise_floor">noise floors</Term> together cannot
          be told from noise.
        </small>
      </p>
    </Panel>
  );
}

function say(shown: Shown, index: number): string {
  const status = shown.status[index] ?? "pending";
  return status === "ok" ? showValue(shown, shown.values[index]) : STATUS_WORDS[status];
}

function reading(shown: Shown, index: number, grid: GridData): string {
  return `${cellName(grid, index)}: ${say(shown, index) || cellText(shown, shown.values[index])}`;
}
