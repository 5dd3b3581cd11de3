import { useState } from "react";
import type { CaptureEntry, CaptureRecord } from "../api/types";
import { OtherModel } from "../app/OtherModel";
import { ExportMenu } from "../charts/ExportMenu";
import { bytes, duration, when } from "../lib/format";
import { download } from "../lib/hooks";
import { TokenChips } from "../question/TokenChips";
import { useMessages } from "../state/messages";
import { Term } from "../ui/Term";
import { Button, Notice, Panel, styles } from "../ui/ui";
import css from "./captures.module.css";
import { EntryRow } from "./EntryRow";
import { fetchFile, NPY, SAFETENSORS } from "./queries";
import { COLUMNS, editsOf, statisticsFile } from "./statisticsFile";
import { UseEntry } from "./UseEntry";

/** One capture: what was asked, statistics of each part, and what can be done with the values. */
export function CaptureCard({ record }: { record: CaptureRecord }) {
  const { data } = record;
  const [chosen, setChosen] = useState<CaptureEntry | null>(data.entries[0] ?? null);
  const report = useMessages((state) => state.report);
  const kept = data.n_bytes > 0;

  const save = async (type: string, name: string, entry?: string) => {
    try {
      download(name, await fetchFile(record.id, type, entry));
    } catch (error) {
      report(error);
    }
  };

  return (
    <Panel
      title="Capture"
      word="capture"
      actions={
        <span className={css.actions}>
          {kept && (
            <Button small onClick={() => save(SAFETENSORS, `${record.id}.safetensors`)}>
              Download all ({bytes(data.n_bytes)})
            </Button>
          )}
          <ExportMenu hotkey file={() => statisticsFile(record)} />
        </span>
      }
    >
      <OtherModel
        what="This capture"
        model={data.model}
        then="What is made of it below runs on the loaded model, for which its vectors need not mean anything."
      />
      <TokenChips label="Tokens of the captured prompt" tokens={data.tokens} />
      <p className={css.meta}>{editsOf(record)}</p>
      {(data.warnings ?? []).map((note) => (
        <Notice key={note.code + note.text} kind="warn">
          {note.text}
        </Notice>
      ))}
      <div
        className={styles.scroll}
        tabIndex={0}
        role="region"
        aria-label="Statistics of each part"
      >
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">
                <Term id="site">Part</Term>
              </th>
              <th scope="col">
                <Term id="shape">Shape</Term>
              </th>
              {COLUMNS.map(({ name, means, word }) => (
                <th key={name} scope="col" className={styles.num} title={means}>
                  {word ? <Term id={word}>{name}</Term> : name}
                </th>
              ))}
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.entries.map((entry) => (
              <EntryRow
                key={entry.name}
                entry={entry}
                tokens={data.tokens}
                chosen={entry === chosen}
                onChoose={() => setChosen(entry)}
                onSave={kept ? () => save(NPY, `${record.id}-${entry.name}.npy`, entry.name) : null}
              />
            ))}
          </tbody>
        </table>
      </div>
      {chosen && <UseEntry key={chosen.name} record={record} entry={chosen} />}
      <p className={styles.foot}>
        {kept && <Term id="formats">.npy and .safetensors</Term>}
        <span title={data.capture_hash}>
          capture <Term id="hash">hash</Term> <code>{data.capture_hash.slice(0, 12)}</code>
        </span>
        <span>{data.model.id}</span>
        <span>{duration(data.duration_s)}</span>
        <span title={record.created_at}>{when(record.created_at)}</span>
        <a className={styles.mono} href={`/a/${record.id}`}>
          /a/{record.id}
        </a>
      </p>
    </Panel>
  );
}
