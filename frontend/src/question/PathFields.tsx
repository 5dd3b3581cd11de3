import { useModel } from "../api/queries";
import type { OpOf, Prompt, Site, Target } from "../api/types";
import { shortName } from "../lib/names";
import { SITE_ORDER, SITES } from "../lib/words";
import { Term } from "../ui/Term";
import { Field, Notice, Segmented, styles } from "../ui/ui";
import { AxisIndices } from "./AxisIndices";
import { Fault, FaultBelow } from "./Faults";
import css from "./question.module.css";
import { SourceField } from "./SourceField";

/** Sites at which a path cannot end: nothing leads there, or only the logits read it. */
const NO_RECEIVER: readonly Site[] = ["embed", "pattern", "final_norm"];

interface PathFieldsProps {
  op: OpOf<"path">;
  prompt: Prompt;
  onChange: (op: OpOf<"path">) => void;
}

/** Where a path leads, and the prompt that it carries something of. */
export function PathFields({ op, prompt, onChange }: PathFieldsProps) {
  const info = useModel().data?.info;
  const usable = info?.sites.filter((site) => site.certified).map((site) => site.site) ?? [];
  const sites = SITE_ORDER.filter((site) => usable.includes(site) && !NO_RECEIVER.includes(site));
  const { to: _, ...toLogits } = op;
  const receivers = op.to ?? [];
  const [one] = receivers;
  const last = (info?.n_layers ?? 1) - 1;
  const begin = (site: Site): Target => ({ site, layer: one?.layer ?? last });
  return (
    <>
      <SourceField
        prompt={prompt}
        source={op.source_prompt}
        onChange={(source_prompt) => onChange({ ...op, source_prompt })}
      >
        {({ here, there, known, equal }) =>
          known &&
          !equal && (
            <Notice kind="warn">
              The prompts have {here.length} and {there.length} tokens. A path needs as many in
              both.
            </Notice>
          )
        }
      </SourceField>
      <p className={styles.label}>
        <small>
          The path leads to the <Term id="logit">logits</Term>, or to a part (its{" "}
          <Term id="receiver">receiver</Term>).
        </small>
      </p>
      <Segmented
        label="Where the path leads"
        value={one ? "part" : "logits"}
        options={[
          {
            value: "logits",
            label: "To the logits",
            title: "What the output reads of it directly",
          },
          { value: "part", label: "To a part", title: "What one later part reads of it directly" },
        ]}
        onChange={(chosen) => {
          if (chosen === "logits") onChange(toLogits);
          else if (!one)
            onChange({ ...op, to: [begin(sites.includes("mlp_out") ? "mlp_out" : sites[0]!)] });
        }}
      />
      {one && receivers.length === 1 && info && (
        <FaultBelow at="/to/0">
          <div className={css.axes}>
            <Field label="Receiver" word="receiver">
              <select
                className={styles.input}
                value={one.site}
                onChange={(event) => onChange({ ...op, to: [begin(event.target.value as Site)] })}
              >
                {(sites.includes(one.site) ? sites : [one.site, ...sites]).map((site) => (
                  <option key={site} value={site}>
                    {SITES[site].label}
                  </option>
                ))}
              </select>
              <Fault at="/site" />
            </Field>
            {SITES[one.site].axes.map((axis) => (
              <AxisIndices
                key={axis}
                axis={axis}
                target={one}
                info={info}
                onChange={(target) => onChange({ ...op, to: [target] })}
              />
            ))}
          </div>
        </FaultBelow>
      )}
      {receivers.length > 1 && (
        <p className={styles.label}>
          <small>To {receivers.map(shortName).join(", ")}.</small>
        </p>
      )}
      <Fault at="/to" exact />
      <Segmented
        label="What passes it on"
        value={op.through ?? "nothing"}
        options={[
          {
            value: "nothing",
            label: "Directly",
            title: "Every attention and MLP between answers as on this prompt",
          },
          {
            value: "mlps",
            label: "Also through MLPs",
            title: "Every attention between answers as on this prompt; MLPs react",
          },
        ]}
        onChange={(through) => onChange({ ...op, through })}
      />
    </>
  );
}
