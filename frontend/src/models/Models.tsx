import { asApiError } from "../api/problem";
import { useJobs, useLoadModel, useModel, useModels } from "../api/queries";
import type { ModelEntry } from "../api/types";
import { bytes } from "../lib/format";
import { Bar, Button, cx, Empty, Notice, Panel } from "../ui/ui";
import { Loaded } from "./Loaded";
import css from "./models.module.css";

/** The models of the registry, and what was found out about the loaded one. */
export default function Models() {
  const models = useModels();
  const model = useModel();
  const info = model.data?.info;
  return (
    <div className={css.view}>
      <Panel title="Models">
        {models.error && !asApiError(models.error).gone && (
          <Notice kind="bad">{asApiError(models.error).message}</Notice>
        )}
        {models.data?.length === 0 && (
          <Empty title="No model folder was found.">
            <p>
              Put a folder with config.json and safetensors weights into the models folder of the
              server.
            </p>
          </Empty>
        )}
        <ul className={css.list}>
          {models.data?.map((entry) => (
            <Entry
              key={entry.id}
              entry={entry}
              loaded={info?.id === entry.id}
              loading={model.data?.loading ?? null}
            />
          ))}
        </ul>
      </Panel>
      {info && <Loaded info={info} />}
    </div>
  );
}

function Entry({
  entry,
  loaded,
  loading,
}: {
  entry: ModelEntry;
  loaded: boolean;
  loading: string | null;
}) {
  const load = useLoadModel();
  const jobs = useJobs().data ?? [];
  const job = jobs.find(
    (each) =>
      each.kind === "load" &&
      each.subject === entry.id &&
      (each.state === "running" || each.state === "queued"),
  );
  return (
    <li className={cx(css.entry, loaded && css.current)}>
      <div className={css.what}>
        <b>{entry.name}</b>
        <span>
          {entry.architecture ?? "unknown architecture"} · {bytes(entry.n_bytes)}
        </span>
        {entry.problem && <Notice kind="warn">{entry.problem}</Notice>}
        {job && (
          <div className={css.loading}>
            <span role="status">{job.phase || job.state}</span>
            <Bar done={job.done ?? 0} total={job.total} label={`Loading ${entry.name}`} />
          </div>
        )}
      </div>
      {loaded && !job ? (
        <span className={css.badge}>loaded</span>
      ) : (
        <Button
          disabled={Boolean(entry.problem) || Boolean(job) || Boolean(loading)}
          aria-label={`${job ? "Loading…" : "Load"} ${entry.name}`}
          onClick={() => load.mutate(entry.id)}
        >
          {job ? "Loading…" : "Load"}
        </Button>
      )}
    </li>
  );
}
