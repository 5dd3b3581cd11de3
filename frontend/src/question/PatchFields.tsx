import type { OpOf, Prompt } from "../api/types";
import type { Pair } from "../lib/indices";
import { Button, Notice } from "../ui/ui";
import { Fault } from "./Faults";
import { PositionMap } from "./PositionMap";
import { SourceField } from "./SourceField";

interface PatchFieldsProps {
  op: OpOf<"patch">;
  prompt: Prompt;
  onChange: (op: OpOf<"patch">) => void;
}

/** The source prompt of a patch, what differs in it, and a position map where lengths differ. */
export function PatchFields({ op, prompt, onChange }: PatchFieldsProps) {
  const pairs = (op.positions ?? []) as Pair[];
  const setPairs = (positions: Pair[]) => {
    const { positions: _, ...rest } = op;
    onChange(positions.length ? { ...rest, positions } : rest);
  };
  return (
    <SourceField
      prompt={prompt}
      source={op.source_prompt}
      onChange={(source_prompt) => onChange({ ...op, source_prompt })}
    >
      {({ here, there, known, equal, differThere, pairs: aligned }) => (
        <>
          {known && !equal && pairs.length === 0 && (
            <Notice kind="warn">
              The prompts have {here.length} and {there.length} tokens, so it is not clear which
              positions belong together. Pair them below, or give prompts of equal length.{" "}
              <Button small onClick={() => setPairs(aligned)}>
                Pair equal tokens
              </Button>
            </Notice>
          )}
          {known && equal && pairs.length === 0 && differThere.size === 0 && (
            <Notice kind="warn">
              The two prompts have the same tokens: the patch will change nothing.
            </Notice>
          )}
          {known && (!equal || pairs.length > 0) && (
            <PositionMap here={here} there={there} pairs={pairs} onChange={setPairs} />
          )}
          {!(known && !equal && pairs.length === 0) && <Fault at="/positions" />}
        </>
      )}
    </SourceField>
  );
}
