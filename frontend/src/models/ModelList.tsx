import { isActive } from "../api/keys";
import { asApiError } from "../api/problem";
import { useJobs, useLoadModel, useModel, useModels } from "../api/queries";
import type { ModelEntry } from "../api/types";
import { bytes } from "../lib/format";
import { Button, cx, Empty, Notice } from "../ui/ui";
import { LoadingJob } from "./LoadingJob";
import css from "./models.module.css";

/** The models of the registry, each with a button that loads it. */
export function ModelList() {
  const models = useModels();
  const model = useModel().data;
  return (
    <>
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
      <ul className={css.list} aria-label="Models">
        {models.data?.map((entry) => (
          <Entry
            key={entry.id}
            entry={entry}
            loaded={model?.info?.id === entry.id}
            loading={model?.loading ?? null}
          />
        ))}
      </ul>
    </>
  );
}

interface EntryProps {
  entry: ModelEntry;
  loaded: boolean;
  loading: string | null;
}

function Entry({ entry, loaded, loading }: EntryProps) {
  const load = useLoadModel();
  const jobs = useJobs().data ?? [];
  const job = jobs.find(
    (each) => each.kind === "load" && each.subject === entry.id && isActive(each),
  );
  return (
    <li className={cx(css.entry, loaded && css.current)}>
      <div className={css.what}>
        <b>{entry.name}</b>
        <span>
          {entry.architecture ?? "unknown architecture"} · {bytes(entry.n_bytes)}
        </span>
        {entry.problem && <Notice kind="warn">{entry.problem}</Notice>}
        {job && <LoadingJob id={job.id} />}
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
