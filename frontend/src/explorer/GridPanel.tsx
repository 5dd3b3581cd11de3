import { useMemo } from "react";
import { useCellJob } from "../api/awaited";
import type { Progress } from "../api/follow";
import { useRun } from "../api/queries";
import type { components } from "../api/schema";
import type { GridData } from "../api/types";
import { OtherModel, useOtherModel } from "../app/OtherModel";
import { ExportMenu } from "../charts/ExportMenu";
import { brushOf, cellsIn } from "../charts/places";
import { Annotate } from "../history/Annotate";
import { count, duration, when } from "../lib/format";
import { metricTitle } from "../lib/names";
import { useChoice } from "../lib/useChoice";
import { LongCode } from "../ui/LongCode";
import { Term } from "../ui/Term";
import { Button, Notice, Panel, Segmented, styles } from "../ui/ui";
import { Reproduce } from "../workbench/Reproduce";
import { bareJson } from "../workbench/recipes";
import { CellCard } from "./CellCard";
import { CellTable } from "./CellTable";
import { Controls } from "./Controls";
import { cellCode } from "./cellCode";
import css from "./explorer.module.css";
import { GridStage } from "./GridStage";
import { layOut } from "./gridChart";
import { fileName, gridFile } from "./gridFile";
import { gridVerdict } from "./gridVerdict";
import { cellRun, metricTab, shownMetric } from "./gridView";
import { LinesTable } from "./LinesTable";
import { MarkedCard } from "./MarkedCard";
import { RunCard, WaitingCard } from "./RunCard";
import { Running, Stopped } from "./SweepStatus";
import { cellsOf, standing } from "./sweepState";
import { useGridView } from "./useGridView";
import { NotShown, VerdictLines } from "./VerdictLines";
import { Verify } from "./Verify";
import { ViewBar } from "./ViewBar";

type Tab = "map" | "table" | "json" | "reproduce";
const TABS: { value: Tab; label: string }[] = [
  { value: "map", label: "Chart" },
  { value: "table", label: "Table" },
  { value: "json", label: "JSON" },
  { value: "reproduce", label: "Reproduce" },
];

/** The layout of marks does not depend on how wide the chart is drawn. */
const ANY_WIDTH = 900;

interface GridPanelProps {
  grid: GridData;
  state: components["schemas"]["SweepState"] | null;
  progress: Progress | null;
  differs: boolean;
  onCancel: (() => void) | null;
  onNew: () => void;
}

/** A grid with what was found, how far it is, and what can be done with its cells. */
export function GridPanel({ grid, state, progress, differs, onCancel, onNew }: GridPanelProps) {
  const [view, change] = useGridView(grid);
  const [tab, setTab] = useChoice(
    "tab",
    TABS.map(({ value }) => value),
  );
  const id = state?.summary.id;
  const open = useRun({ why: "cell", of: id });
  const waits = useCellJob(id);
  const shown = useMemo(() => shownMetric(grid, view.metric), [grid, view.metric]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: cells that arrive do not move the layout
  const bare = useMemo(
    () => layOut(grid, ANY_WIDTH, view.axes, view.block),
    [grid.coords, view.axes, view.block],
  );
  const cells = useMemo(() => {
    const brush = view.marked && brushOf(bare, ...view.marked);
    return brush ? cellsIn(bare, brush) : null;
  }, [bare, view.marked]);

  const code = (index: number) => cellCode(grid, index);
  const pin = (index: number | null) =>
    change({ cell: index === null ? null : code(index), run: null });
  // On another model a cell's experiment would be another experiment: it is pinned, not opened.
  const other = useOtherModel(grid.model);
  const opening = open.isPending || waits !== null || other !== null;
  const openCells = (indices: readonly number[]) => {
    if (other) return indices.length === 1 ? pin(indices[0]!) : undefined;
    change(indices.length === 1 ? { cell: code(indices[0]!), run: null } : { run: null });
    open.mutate(cellRun(grid, ...indices));
  };
  const all = cellsOf(grid);
  const running = onCancel !== null;
  const verdict = useMemo(() => gridVerdict(grid, shown, running), [grid, shown, running]);
  const stands = running
    ? null
    : standing(state?.summary.state, state?.reasons ?? grid.reasons ?? [], all, firstError(grid));
  const keys = Object.keys(grid.metrics);
  return (
    <Panel
      title="Grid"
      word="cell"
      actions={
        <div className={css.cardButtons}>
          <Button small look="quiet" onClick={onNew} title="Back to the form without this grid">
            New sweep
          </Button>
          {state && <Annotate record={state.summary} />}
        </div>
      }
    >
      <OtherModel
        what="This grid"
        model={grid.model}
        then="Run sweep asks the loaded model. Until the stored one is loaded, cells are not opened, and missing cells are not run."
      />
      {differs && (
        <Notice kind="warn">The form differs from this grid. Run it to see its own.</Notice>
      )}
      {running && (
        <Running
          progress={progress}
          done={all.total - all.pending}
          total={all.total}
          onCancel={onCancel}
        />
      )}
      {stands && id && <Stopped id={id} standing={stands} />}
      {(grid.warnings ?? []).map((note) => (
        <Notice key={note.code + note.text} kind="warn">
          {note.text}
        </Notice>
      ))}
      <VerdictLines verdict={verdict} />
      <div className={css.bar}>
        <Segmented
          label="Metric"
          value={view.metric}
          options={keys.map((each) => ({
            value: each,
            label: metricTab(grid, each),
            title: metricTitle(grid.metrics[each]!),
          }))}
          onChange={(metric) => change({ metric })}
        />
        <Term id="metric" of="each metric" />
        <Segmented label="How to show the grid" value={tab} options={TABS} onChange={setTab} />
        <ExportMenu hotkey file={() => gridFile(grid, shown, view)} />
      </div>
      {tab === "map" && (
        <div className={css.stage}>
          <GridStage
            grid={grid}
            shown={shown}
            view={view}
            running={running}
            display={
              <ViewBar grid={grid} shown={shown} view={view} layout={bare} onChange={change} />
            }
            onPin={pin}
            onOpen={(index) => openCells([index])}
            onMark={(ends) => change({ marked: ends?.map(code).join("..") ?? null, run: null })}
          />
          <div className={css.aside}>
            {cells && (
              <MarkedCard
                grid={grid}
                shown={shown}
                cells={cells}
                name={fileName(grid)}
                opening={opening}
                onClear={() => change({ marked: null })}
                onOpen={openCells}
              />
            )}
            {waits && <WaitingCard job={waits} />}
            {view.run && <RunCard id={view.run} onClose={() => change({ run: null })} />}
            {!(cells && view.cell === null) && (
              <CellCard
                grid={grid}
                shown={shown}
                pinned={view.cell}
                running={running}
                opening={opening}
                onOpen={(index) => openCells([index])}
              />
            )}
          </div>
        </div>
      )}
      {tab === "table" && (
        <>
          <CellTable grid={grid} opening={opening} onOpen={(index) => openCells([index])} />
          <LinesTable grid={grid} shown={shown} layout={bare} />
        </>
      )}
      {tab === "json" && <GridJson grid={grid} />}
      {tab === "reproduce" && <Reproduce result={grid} />}
      {(tab === "map" || tab === "table") && (
        <>
          <NotShown verdict={verdict} />
          <Controls grid={grid} shown={shown} />
        </>
      )}
      <div className={styles.foot}>
        <span title={grid.spec_hash}>
          <Term id="spec">spec</Term> <code>{grid.spec_hash.slice(0, 12)}</code>
        </span>
        <span>{grid.model.id}</span>
        <span>{count(all.total, "cell")}</span>
        {grid.duration_s > 0 && <span>{duration(grid.duration_s)}</span>}
        <span>{when(grid.started_at)}</span>
        {id && !running && <Verify id={id} />}
      </div>
    </Panel>
  );
}

function GridJson({ grid }: { grid: GridData }) {
  const text = useMemo(() => bareJson(grid), [grid]);
  return <LongCode label="The grid as JSON" text={text} name={`${fileName(grid)}.json`} />;
}

function firstError(grid: GridData): string | undefined {
  return Object.values(grid.errors ?? {})[0];
}
