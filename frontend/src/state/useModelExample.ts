// Fits the example to the model that is loaded.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { tokensOf, useModel } from "../api/queries";
import { exampleFor, offer, open } from "./example";

export function useModelExample(): void {
  const client = useQueryClient();
  const info = useModel().data?.info;
  const digest = info?.model_digest;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is known of one model stays the same
  useEffect(() => {
    if (!info) return;
    let current = true;
    exampleFor(info, async (prompt) => {
      const read = await client.fetchQuery(tokensOf(info.tokenizer_digest, prompt));
      return read.tokens;
    })
      // Without an answer of the tokenizer, none of its words are put into anybody's mouth.
      .catch(() => ({ draft: open(info, ""), source: "", references: [] }))
      .then((example) => current && offer({ ...example, of: info.model_digest }));
    return () => {
      current = false;
    };
  }, [digest, info?.id, client]);
}
