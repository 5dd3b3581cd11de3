import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useModel, useRun } from "../api/queries";
import type { GridData, MetricKind } from "../api/types";
import { domainOf, table } from "../charts/colour";
import { Legend } from "../charts/Legend";
import { unitWord } from "../explorer/gridChart";
import {
  cellName,
  cellRun,
  cellText,
  type Shown,
  STATUS_WORDS,
  showValue,
  unitOf,
} from "../explorer/gridView";
import { download } from "../lib/hooks";
import { useTheme } from "../lib/theme";
import { METRICS } from "../lib/words";
import { Term } from "../ui/Term";
import { Button, Notice, Panel, Segmented, styles } from "../ui/ui";
import css from "./compare.module.css";
import { differenceCsv } from "./csv";
import { DifferenceTable } from "./DifferenceTable";
import { GridMap } from "./GridMap";
import { pairGrids, trio } from "./pair";

interface GridCompareProps {
  a: GridData;
  b: GridData;
  metric: string | null;
  cell: string | null;
  onChange: (changes: Record<string, string | null>) => void;
}

const SIDES = [
  { key: "a", title: "A" },
  { key: "b", title: "B" },
  { key: "difference", title: "B − A" },
] as const;

/** Two grids and their difference, all three in the same colours. */
export function GridCompare({ a, b, metric, cell, onChange }: GridCompareProps) {
  const [tab, setTab] = useState<"map" | "table">("map");
  const [, go] = useLocation();
  const run = useRun();
  const loaded = useModel().data?.info?.model_digest;
  const pairing = useMemo(() => pairGrids(a, b), [a, b]);
  const pairs = pairing.ok ? pairing.pairs : [];
  const pair = pairs.find((each) => each.a === metric) ?? pairs.at(-1) ?? null;
  const three = useMemo(() => (pair ? trio(a, b, pair) : null), [a, b, pair]);
  const theme = useTheme();
  const colours = useMemo(() => table("RdBu", theme), [theme]);
  const domain = useMemo(
    () =>
      three && domainOf([...three.a.values, ...three.b.values, ...three.difference.values], true),
    [three],
  );
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
  if (!three || !domain || !pair) return null;
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
  const save = () =>
    download("neuronscope-compare.csv", new Blob([differenceCsv(a, three)], { type: "text/csv" }));
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
        <Button small onClick={save}>
          CSV
        </Button>
      </div>
      {tab === "table" ? (
        <DifferenceTable grid={a} three={three} />
      ) : (
        <>
          <Legend
            domain={domain}
            colours={colours}
            title={`${difference.isChange && three.a.isChange ? "Change of " : ""}${pair.title}, ${unitOf(difference)}, one scale for all three`}
            notes={[
              "A and B: blue is more. B − A: blue is larger in B, red larger in A",
              `ends at the 99th percentile, ${domain.below + domain.above || "nothing"} beyond`,
              ...(difference.floor === null
                ? []
                : [
                    `bracket: noise floor ±${withUnit(difference, difference.floor).replace("+", "")} for B − A`,
                  ]),
            ]}
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
                domain={domain}
                colours={colours}
                pinned={pinned}
                describe={(index) => reading(three[key], index, key === "b" ? b : a)}
                onPin={pin}
                onOpen={open}
              />
            ))}
          </div>
          <p className={css.reading} role="status">
            {pinned === null ? (
              "Click a cell, or walk with the arrow keys and press Space, to read all three. Enter opens its two experiments, compared."
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

function withUnit(shown: Shown, value: number): string {
  return showValue(shown, value) + (shown.unit === "probability" ? "" : ` ${shown.unit}`);
}

function say(shown: Shown, index: number): string {
  const status = shown.status[index] ?? "pending";
  return status === "ok" ? showValue(shown, shown.values[index]) : STATUS_WORDS[status];
}

function reading(shown: Shown, index: number, grid: GridData): string {
  return `${cellName(grid, index)}: ${say(shown, index) || cellText(shown, shown.values[index])}`;
}
