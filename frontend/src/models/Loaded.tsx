import type { ReactNode } from "react";
import type { ModelInfo } from "../api/types";
import { duration } from "../lib/format";
import type { WordId } from "../lib/glossary";
import { Term } from "../ui/Term";
import { Panel, styles } from "../ui/ui";
import css from "./models.module.css";
import { SiteTable } from "./SiteTable";
import { StageTable } from "./StageTable";

/** What was found out about the loaded model: sizes, digests, sites and stages. */
export function Loaded({ info }: { info: ModelInfo }) {
  const facts: [string, WordId | null, ReactNode][] = [
    ["Architecture", "architecture", info.architecture],
    ["Parameters", "parameters", info.n_params.toLocaleString("en")],
    ["Layers", "layer", info.n_layers],
    [
      "Heads",
      "head",
      info.n_heads && info.n_kv_heads !== info.n_heads ? (
        <>
          {info.n_heads} (<Term id="kv_head">{info.n_kv_heads} key-value</Term>)
        </>
      ) : (
        info.n_heads
      ),
    ],
    ["Head width", "width", info.d_head],
    ["Model width", "width", info.d_model],
    ["MLP width", "width", info.d_mlp],
    ["Vocabulary", "vocabulary", info.vocab.toLocaleString("en")],
    ["Context", "context", info.context],
    ["Dtype", "dtype", info.dtype],
    ["Device", "device", info.device],
    ["Attention", "attention_kind", info.attention],
    ["Loaded in", null, duration(info.load_s)],
    ["Certification", "certified", info.certification],
  ];
  return (
    <Panel title={`${info.name}: what was found`}>
      <dl className={css.facts}>
        {facts.map(([name, word, value]) => (
          <div key={name}>
            <dt>{word ? <Term id={word}>{name}</Term> : name}</dt>
            <dd>{value ?? "unknown"}</dd>
          </div>
        ))}
      </dl>
      <dl className={css.digests}>
        <dt>
          Model <Term id="digest">digest</Term>
        </dt>
        <dd className={styles.mono}>{info.model_digest}</dd>
        <dt>
          <Term id="tokenizer">Tokenizer</Term> digest
        </dt>
        <dd className={styles.mono}>{info.tokenizer_digest}</dd>
      </dl>
      <SiteTable info={info} />
      <StageTable info={info} />
    </Panel>
  );
}
