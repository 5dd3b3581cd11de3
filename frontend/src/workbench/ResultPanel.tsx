import type { Result, RunRecord } from "../api/types";
import { OtherModel } from "../app/OtherModel";
import { Dumbbell } from "../charts/Dumbbell";
import { ExportMenu } from "../charts/ExportMenu";
import { Annotate } from "../history/Annotate";
import { duration, when } from "../lib/format";
import { useChoice } from "../lib/useChoice";
import { Marked } from "../ui/Marked";
import { Term } from "../ui/Term";
import { Button, Code, cx, Notice, Panel, Segmented, styles } from "../ui/ui";
import { MetricTable } from "./MetricTable";
import { NextSteps } from "./NextSteps";
import { Reproduce } from "./Reproduce";
import { bareJson } from "./recipes";
import { isClean, runFile } from "./runFile";
import { TopTable } from "./TopTable";
import { verdict } from "./verdict";
import css from "./workbench.module.css";

type Tab = "chart" | "table" | "json" | "reproduce";
const TABS: { value: Tab; label: string }[] = [
  { value: "chart", label: "Top tokens" },
  { value: "table", label: "Table" },
  { value: "json", label: "JSON" },
  { value: "reproduce", label: "Reproduce" },
];

interface ResultPanelProps {
  record: RunRecord;
  result: Result;
  differs: boolean;
  running: boolean;
  onRun: () => void;
}

export function ResultPanel({ record, result, differs, running, onRun }: ResultPanelProps) {
  const [tab, setTab] = useChoice(
    "tab",
    TABS.map(({ value }) => value),
  );
  const { headline, details, notShown } = verdict(result);
  const clean = isClean(result);
  return (
    <Panel
      title={clean ? "Clean run" : "Result"}
      word={clean ? "clean" : "edited"}
      actions={<Annotate record={record} />}
    >
      <OtherModel what="This result" model={result.model} then="Run asks the loaded model." />
      {differs && (
        <div className={css.differs} role="status">
          <span>The draft differs from this result.</span>
          <Button small onClick={onRun} disabled={running}>
            Run the draft
          </Button>
        </div>
      )}
      <div className={css.verdict} aria-live="polite">
        <p className={css.headline} data-headline>
          <Marked text={headline} />
        </p>
        {details.length > 0 && (
          <p className={css.details}>
            <Marked text={details.join(" ")} />
          </p>
        )}
      </div>
      {(result.warnings ?? []).map((note) => (
        <Notice key={note.code + note.text} kind="warn">
          {note.text}
        </Notice>
      ))}
      <MetricTable metrics={Object.values(result.metrics)} clean={clean} />
      <div className={css.shown}>
        <Segmented label="How to show the result" value={tab} options={TABS} onChange={setTab} />
        <ExportMenu hotkey file={() => runFile(record, result)} />
      </div>
      {tab === "chart" && (
        <Dumbbell clean={result.clean.top} edited={result.edited.top} same={clean} />
      )}
      {tab === "table" && <TopTable result={result} />}
      {tab === "json" && <Code label="The stored result" text={bareJson(record)} />}
      {tab === "reproduce" && <Reproduce result={result} />}
      <NextSteps result={result} />
      <details className={cx(styles.box, css.notShown)} open={!clean}>
        <summary>What this does not show</summary>
        <ul>
          {notShown.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
      <p className={styles.foot}>
        <span title={result.spec_hash}>
          <Term id="spec">spec</Term> <code>{result.spec_hash.slice(0, 12)}</code>
        </span>
        <span>{result.model.id}</span>
        <span>{duration(result.duration_s)}</span>
        <span title={record.created_at}>{when(record.created_at)}</span>
        <a className={styles.mono} href={`/e/${record.id}`}>
          /e/{record.id}
        </a>
      </p>
    </Panel>
  );
}
