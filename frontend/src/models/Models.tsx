import { asApiError } from "../api/problem";
import { useJobs, useLoadModel, useModel, useModels } from "../api/queries";
import type { ModelEntry, ModelInfo, Site } from "../api/types";
import { bytes, count, duration } from "../lib/format";
import { showIndices } from "../lib/indices";
import { SITES } from "../lib/words";
import { Bar, Button, cx, Empty, Notice, Panel, styles } from "../ui/ui";
import css from "./models.module.css";

/** The models of the registry, and what was found out about the loaded one. */
export function Models() {
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
          aria-label={`Load ${entry.name}`}
          onClick={() => load.mutate(entry.id)}
        >
          {job ? "Loading…" : "Load"}
        </Button>
      )}
    </li>
  );
}

function Loaded({ info }: { info: ModelInfo }) {
  const facts: [string, string | number | null | undefined][] = [
    ["Architecture", info.architecture],
    ["Parameters", info.n_params.toLocaleString("en")],
    ["Layers", info.n_layers],
    [
      "Heads",
      info.n_heads && info.n_kv_heads !== info.n_heads
        ? `${info.n_heads} (${info.n_kv_heads} key/value)`
        : info.n_heads,
    ],
    ["Head width", info.d_head],
    ["Model width", info.d_model],
    ["MLP width", info.d_mlp],
    ["Vocabulary", info.vocab.toLocaleString("en")],
    ["Context", info.context],
    ["Dtype", info.dtype],
    ["Device", info.device],
    ["Attention", info.attention],
    ["Loaded in", duration(info.load_s)],
  ];
  return (
    <Panel title={`${info.name}: what was found`}>
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? "unknown"}</dd>
          </div>
        ))}
      </dl>
      <dl className={css.digests}>
        <dt>Model digest</dt>
        <dd className={styles.mono}>{info.model_digest}</dd>
        <dt>Tokenizer digest</dt>
        <dd className={styles.mono}>{info.tokenizer_digest}</dd>
      </dl>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label="Sites of the model">
        <table className={styles.table}>
          <caption className={css.caption}>
            Sites. Each was checked on load: an edit must fire, do what it says, and leave nothing
            behind.{" "}
            {count(info.sites.filter((site) => site.certified).length, "site is", "sites are")}{" "}
            certified.
          </caption>
          <thead>
            <tr>
              <th scope="col">Site</th>
              <th scope="col">What it is</th>
              <th scope="col">Layers</th>
              <th scope="col">Certified</th>
            </tr>
          </thead>
          <tbody>
            {info.sites.map((site) => (
              <tr key={site.site}>
                <td className={styles.mono}>{site.site}</td>
                <td>{SITES[site.site as Site]?.meaning ?? ""}</td>
                <td>{site.layers?.length ? showIndices(site.layers) : "–"}</td>
                <td>
                  {site.certified ? (
                    <span className={css.yes}>yes{site.note && <small>; {site.note}</small>}</span>
                  ) : (
                    <span className={css.no}>no: {site.reason}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
