// What a file is of, in a line: the hash of what was asked, the model and the prompt.
import type { Result, Token } from "../api/types";
import { visible } from "../lib/format";
import { BETWEEN } from "./exportFiles";

interface Origin {
  model: Pick<Result["model"], "id" | "model_digest" | "dtype">;
  tokens: readonly Token[];
}

export function originLine({ model, tokens }: Origin, hash: string): string {
  // Without tokens the prompt is told elsewhere.
  const prompt = tokens.map((token) => visible(token.text)).join("");
  const { id, model_digest, dtype } = model;
  return [hash, `${id} ${model_digest.slice(0, 12)} ${dtype}`, prompt]
    .filter(Boolean)
    .join(BETWEEN);
}
