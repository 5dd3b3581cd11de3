import type { ReactNode } from "react";
import type { Prompt } from "../api/types";
import { styles } from "../ui/ui";
import { Fault } from "./Faults";
import { PromptField } from "./PromptField";
import { type SourceTokens, useSource } from "./source";

interface SourceFieldProps {
  prompt: Prompt;
  source: Prompt;
  onChange: (source: Prompt) => void;
  children: (tokens: SourceTokens) => ReactNode;
}

/** The prompt that lends its values, with what differs in it; below, what follows from the two. */
export function SourceField({ prompt, source, onChange, children }: SourceFieldProps) {
  const tokens = useSource(prompt, source);
  return (
    <>
      <PromptField
        label="Source prompt"
        word="source"
        prompt={source}
        differs={tokens.differThere}
        onChange={onChange}
      />
      <Fault at="/source_prompt" />
      <p className={styles.hint}>
        A prompt like yours that the model answers otherwise: its values are swapped in.
      </p>
      {children(tokens)}
    </>
  );
}
