import { useState } from "react";
import type { OpOf, Prompt } from "../api/types";
import { commonEnds, type Pair, parsePairs, showPairs } from "../lib/indices";
import { Button, cx, Field, Notice, styles } from "../ui/ui";
import { Fault } from "./Faults";
import { PromptField } from "./PromptField";
import { useSource } from "./source";

interface PatchFieldsProps {
  op: OpOf<"patch">;
  prompt: Prompt;
  onChange: (op: OpOf<"patch">) => void;
}

/** The source prompt of a patch, what differs in it, and a position map where lengths differ. */
export function PatchFields({ op, prompt, onChange }: PatchFieldsProps) {
  const { here, there, known, equal, differs } = useSource(prompt, op.source_prompt);
  const pairs = (op.positions ?? []) as Pair[];
  const suggest = () => {
    const found = commonEnds(
      here.map((token) => token.id),
      there.map((token) => token.id),
    );
    if (found.length) onChange({ ...op, positions: found });
  };
  return (
    <>
      <PromptField
        label="Source prompt"
        prompt={op.source_prompt}
        differs={differs}
        onChange={(source_prompt) => onChange({ ...op, source_prompt })}
      />
      <Fault at="/source_prompt" />
      {known && !equal && pairs.length === 0 && (
        <Notice kind="warn">
          The prompts have {here.length} and {there.length} tokens, so it is not clear which
          positions belong together. Give a position map, or prompts of equal length.{" "}
          <Button small onClick={suggest}>
            Match equal tokens from both ends
          </Button>
        </Notice>
      )}
      {known && equal && differs.size === 0 && (
        <Notice kind="warn">
          The two prompts have the same tokens: the patch will change nothing.
        </Notice>
      )}
      {(!equal || pairs.length > 0) && (
        <PairsField
          key={showPairs(pairs)}
          pairs={pairs}
          onChange={(positions) =>
            onChange({ ...op, positions: positions.length ? positions : undefined })
          }
        />
      )}
      <Fault at="/positions" />
    </>
  );
}

function PairsField({ pairs, onChange }: { pairs: Pair[]; onChange: (pairs: Pair[]) => void }) {
  const [text, setText] = useState(showPairs(pairs));
  const parsed = parsePairs(text);
  return (
    <>
      <Field label="Position map" note="here:source, such as 4:6">
        <input
          className={cx(styles.input, styles.mono)}
          value={text}
          spellCheck={false}
          aria-invalid={!parsed.ok}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => parsed.ok && onChange(parsed.value)}
        />
      </Field>
      {!parsed.ok && <Notice kind="warn">{parsed.reason}.</Notice>}
    </>
  );
}
