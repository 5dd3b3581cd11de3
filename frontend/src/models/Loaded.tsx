import type { ModelInfo } from "../api/types";
import { duration } from "../lib/format";
import { Term } from "../ui/Term";
import { Panel, styles } from "../ui/ui";
import css from "./models.module.css";
import { SiteTable } from "./SiteTable";
import { StageTable } from "./StageTable";

/** What was found out about the loaded model: sizes, digests, sites and stages. */
export function Loaded({ info }: { info: ModelInfo }) {
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
    ["Certification", info.certification],
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
        <dt>
          Model <Term id="digest">digest</Term>
        </dt>
        <dd className={styles.mono}>{info.model_digest}</dd>
        <dt>Tokenizer digest</dt>
        <dd className={styles.mono}>{info.tokenizer_digest}</dd>
      </dl>
      <SiteTable info={info} />
      <StageTable info={info} />
    </Panel>
  );
}
