import { useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { Progress } from "../api/follow";
import { useRun } from "../api/queries";
import type { components } from "../api/schema";
import type { GridData } from "../api/types";
import { Annotate } from "../history/Annotate";
import { count, duration, when } from "../lib/format";
import { download, useKeys } from "../lib/hooks";
import { metricTitle } from "../lib/names";
import { withParams } from "../state/url";
import { Bar, Button, Code, Notice, Panel, Segmented } from "../ui/ui";
import { Reproduce } from "../workbench/Reproduce";
import { bareJson } from "../workbench/recipes";
import { CellCard } from "./CellCard";
import { CellTable } from "./CellTable";
import { Controls } from "./Controls";
import css from "./explorer.module.css";
import { GridChart } from "./GridChart";
import { cellRun, metricTab, shownMetric, toCsv } from "./gridView";

type Tab = "map" | "table" | "json" | "reproduce";
const TABS: { value: Tab; label: string }[] = [
  { value: "map", label: "Heatmap" },
  { value: "table", label: "Table" },
  { value: "json", label: "JSON" },
  { value: "reproduce", label: "Reproduce" },
];

interface GridPanelProps {
  grid: GridData;
  state: components["schemas"]["SweepState"] | null;
  progress: Progress | null;
  differs: boolean;
  onCancel: (() => void) | null;
  onResume: () => void;
}

export function GridPanel({ grid, state, progress, differs, onCancel, onResume }: GridPanelProps) {
  const [path, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const [tab, setTab] = useState<Tab>("map");
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const open = useRun();

  const keys = Object.keys(grid.metrics);
  const asked = params.get("metric") ?? "";
  const key = keys.includes(asked) ? asked : (keys.find((each) => each !== "kl") ?? keys[0]!);
  const shown = shownMetric(grid, key);
  const cell = params.get("cell");
  const pinned = cell !== null && Number(cell) < grid.top.length ? Number(cell) : null;

  const setParams = (changes: Record<string, string | null>) =>
    go(path + withParams(window.location.search, changes), { replace: true });
  const openCell = (index: number) =>
    open.mutate(cellRun(grid, index), { onSuccess: (made) => go(`/e/${made.id}`) });
  const name = `neuronscope-${grid.spec_hash.slice(0, 8)}`;
  const saveCsv = () => download(`${name}.csv`, new Blob([toCsv(grid)], { type: "text/csv" }));
  const savePng = () => canvas.current?.toBlob((blob) => blob && download(`${name}.png`, blob));
  useKeys({ e: saveCsv });

  const total = grid.top.length;
  const pending = shown.status.filter((each) => each === "pending").length;
  const running = onCancel !== null;
  return (
    <Panel title="Grid" actions={state && <Annotate record={state.summary} />}>
      {differs && (
        <Notice kind="warn">The form differs from this grid. Run it to see its own.</Notice>
      )}
      {running && (
        <div className={css.progress}>
          <span role="status">
            {progress?.state === "queued"
              ? "waiting in the queue"
              : `${total - pending} of ${count(total, "cell")}`}
            {progress?.eta_s ? ` · ${duration(progress.eta_s)} left` : ""}
          </span>
          <Bar done={total - pending} total={total} label="Cells of the sweep" />
          <Button small onClick={onCancel}>
            Cancel
          </Button>
        </div>
      )}
      {!running && pending > 0 && (
        <Notice kind="warn">
          {total - pending} of {count(total, "cell")} have run
          {state?.summary.state ? ` (${state.summary.state})` : ""}.{" "}
          <Button small onClick={onResume}>
            Run the sweep again
          </Button>
        </Notice>
      )}
      {(grid.warnings ?? []).map((note) => (
        <Notice key={note.code + note.text} kind="warn">
          {note.text}
        </Notice>
      ))}
      <div className={css.bar}>
        <Segmented
          label="Metric"
          value={key}
          options={keys.map((each) => ({
            value: each,
            label: metricTab(grid, each),
            title: metricTitle(grid.metrics[each]!),
          }))}
          onChange={(metric) => setParams({ metric })}
        />
        <Segmented label="How to show the grid" value={tab} options={TABS} onChange={setTab} />
        <span className={css.exports}>
          <Button small onClick={saveCsv} title="All cells as CSV (key e)">
            CSV
          </Button>
          <Button small onClick={savePng} disabled={tab !== "map"} title="The heatmap as a picture">
            PNG
          </Button>
        </span>
      </div>
      {tab === "map" && (
        <div className={css.stage}>
          <GridChart
            grid={grid}
            shown={shown}
            pinned={pinned}
            onPin={(index) => setParams({ cell: index === null ? null : String(index) })}
            onOpen={openCell}
            onCanvas={(element) => {
              canvas.current = element;
            }}
          />
          <CellCard
            grid={grid}
            shown={shown}
            pinned={pinned}
            opening={open.isPending}
            onOpen={openCell}
          />
        </div>
      )}
      {tab === "table" && <CellTable grid={grid} onOpen={openCell} />}
      {tab === "json" && <Code label="The grid as JSON" text={bareJson(grid)} />}
      {tab === "reproduce" && <Reproduce result={grid} />}
      {(tab === "map" || tab === "table") && <Controls grid={grid} shown={shown} />}
      <p className={css.foot}>
        <span title={grid.spec_hash}>
          spec <code>{grid.spec_hash.slice(0, 12)}</code>
        </span>
        <span>{grid.model.id}</span>
        <span>{count(total, "cell")}</span>
        {grid.duration_s > 0 && <span>{duration(grid.duration_s)}</span>}
        <span>{when(grid.started_at)}</span>
      </p>
    </Panel>
  );
}
