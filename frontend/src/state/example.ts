// The question to begin with. The embedded model's is known to have an answer; for another model
// it is made of what its tokenizer reads and of the parts that passed their check there.
import { create } from "zustand";
import type { Edit, ModelInfo, Over, Prompt, Site, Token } from "../api/types";
import { type Draft, EXAMPLE, useDraft } from "./draft";

export interface Example {
  draft: Draft;
  /** A prompt of as many tokens as the draft's, to take values from; "" where none is known. */
  source: string;
  /** Prompts to take means of. */
  references: readonly string[];
  /** The digest of the model that it is for; none is known before one is loaded. */
  of?: string;
}

/** The registry's id of the embedded model. */
const EMBEDDED_ID = "atlas";

export const EMBEDDED: Example = {
  draft: EXAMPLE,
  source: "The Colosseum is in",
  references: ["The Colosseum is in", "The Brandenburg Gate is in", "The Louvre is in"],
};

/** Pairs of one length in most tokenizers, whose answers differ for most who can answer them. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ["The Eiffel Tower is in", "The Colosseum is in"],
  ["The capital of France is", "The capital of Italy is"],
  [
    "Tom has a red ball. Lily has a blue hat. The hat is",
    "Tom has a blue ball. Lily has a red hat. The hat is",
  ],
  ["red blue green red blue", "red green blue red green"],
  ["one two one two one", "two one two one two"],
];

export const useExample = create<Example>(() => EMBEDDED);

/** Takes another example; a draft that nobody has touched becomes it. */
export function offer(example: Example): void {
  const { source } = useExample.getState();
  useExample.setState(example);
  useDraft.getState().offer(example.draft, source);
}

/** Whether the tokens hold the whole text: a tokenizer without a word for it drops or replaces it. */
export function isRead(text: string, tokens: readonly Token[]): boolean {
  const bare = (part: string) => part.replace(/##|\s/g, "").toLowerCase();
  const own = tokens.filter((token) => !token.special).map((token) => token.text);
  return bare(own.join("")) === bare(text);
}

/** Whether a site can be edited, at one layer or (null) at any. */
export function isCertified(info: ModelInfo, site: Site, layer: number | null = null): boolean {
  const report = info.sites.find((each) => each.site === site);
  return Boolean(report?.certified && (layer === null || (report.layers ?? []).includes(layer)));
}

/** Attention and MLP, as far as they can be edited; else the stream. */
export function partsOf(info: ModelInfo): Site[] {
  const branches = (["attn_out", "mlp_out"] as const).filter((site) => isCertified(info, site));
  return branches.length ? branches : ["resid_pre"];
}

function firstEdit(info: ModelInfo): Edit[] {
  const layer = Math.floor(info.n_layers / 2);
  const site = (["attn_out", "mlp_out", "resid_pre", "resid_post"] as const).find((each) =>
    isCertified(info, each, layer),
  );
  return site ? [{ target: { site, layer }, op: { kind: "zero" } }] : [];
}

/** A question without an answer: which one to follow is for the person to choose. */
export function open(info: ModelInfo, prompt: string): Draft {
  return {
    ...EXAMPLE,
    prompt,
    edits: firstEdit(info),
    metrics: [{ kind: "kl" }],
    over: { sites: partsOf(info), layers: "all" } satisfies Over,
    answer: "",
    foil: "",
    answerFor: prompt,
    foilFor: null,
  };
}

/** The example for a model. `tokens` asks its tokenizer; the model itself is not run. */
export async function exampleFor(
  info: ModelInfo,
  tokens: (prompt: Prompt) => Promise<readonly Token[]>,
): Promise<Example> {
  if (info.id === EMBEDDED_ID) return EMBEDDED;
  const lengthOf = async (text: string) => {
    const found = await tokens(text);
    return isRead(text, found) ? found.length : null;
  };
  const references: string[] = [];
  for (const text of EMBEDDED.references) if (await lengthOf(text)) references.push(text);
  let prompt = "";
  for (const [here, there] of PAIRS) {
    const length = await lengthOf(here);
    if (length === null) continue;
    if (length === (await lengthOf(there)))
      return { draft: open(info, here), source: there, references };
    prompt ||= here;
  }
  return { draft: open(info, prompt), source: "", references };
}
