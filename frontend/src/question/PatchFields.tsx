import { useState } from "react";
import { useTokens } from "../api/queries";
import type { OpOf, Prompt } from "../api/types";
import { useDebounced } from "../lib/hooks";
import { commonEnds, type Pair, parsePairs, showPairs } from "../lib/indices";
import { Button, cx, Field, Notice, styles } from "../ui/ui";
import { PromptField } from "./PromptField";

interface PatchFieldsProps {
  op: OpOf<"patch">;
  prompt: Prompt;
  onChange: (op: OpOf<"patch">) => void;
}

/** The source prompt of a patch, what differs in it, and a position map where lengths differ. */
export function PatchFields({ op, prompt, onChange }: PatchFieldsProps) {
  const here = useTokens(useDebounced(prompt, 150)).data?.tokens ?? [];
  const there = useTokens(useDebounced(op.source_prompt, 150)).data?.tokens ?? [];
  const equal = here.length === there.length;
  const differs = new Set(
    equal ? there.filter((token, i) => token.id !== here[i]?.id).map((token) => token.index) : [],
  );
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
      {here.length > 0 && there.length > 0 && !equal && pairs.length === 0 && (
        <Notice kind="warn">
          The prompts have {here.length} and {there.length} tokens, so it is not clear which
          positions belong together. Give a position map, or prompts of equal length.{" "}
          <Button small onClick={suggest}>
            Match equal tokens from both ends
          </Button>
        </Notice>
      )}
      {equal && here.length > 0 && differs.size === 0 && (
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
