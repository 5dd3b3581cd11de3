// Every term of the interface in plain words. `Term` links here; a test holds that each one exists.
import { METRICS, OPS, SITES } from "./words";

interface Entry {
  term: string;
  plain: string;
}

/** Terms that are not the name of a site, an operation or a metric. */
const GENERAL = {
  model: {
    term: "language model",
    plain:
      "A program that reads text and says how likely each possible continuation is. What it has learned is in its weights: numbers, often billions of them.",
  },
  prompt: { term: "prompt", plain: "The text that the model is given to continue." },
  token: {
    term: "token",
    plain:
      "A piece of text as the model reads it: often a word with the space before it (written ␣), sometimes a part of a word. A model has a fixed list of them.",
  },
  bos: {
    term: "beginning-of-sequence token",
    plain:
      "A mark that many models are given before the text, often written <|bos|> or <s>. It is no word of yours; the model has learned to expect it at position 0.",
  },
  position: {
    term: "position",
    plain: "The place of a token in the prompt, counted from 0.",
  },
  probability: {
    term: "probability",
    plain: "How likely the model takes a token to come next: 0 % is never, 100 % always.",
  },
  distribution: {
    term: "next-token distribution",
    plain: "The probabilities of all tokens together. They add up to 100 %.",
  },
  logit: {
    term: "logit",
    plain: "The score of a token before scores are turned into probabilities.",
  },
  layer: {
    term: "layer",
    plain:
      "One step of the model's computation. Each layer reads what the ones before it have written, and adds to it.",
  },
  stream: {
    term: "residual stream",
    plain:
      "The list of numbers that the model carries along for each position. Every layer reads it and adds to it; the answer is read from it at the end.",
  },
  attention: {
    term: "attention",
    plain: "The part of a layer that lets a position take something over from earlier positions.",
  },
  head: {
    term: "head",
    plain:
      "Attention is made of several heads that work side by side; each decides by itself from where to take what.",
  },
  mlp: {
    term: "MLP",
    plain:
      "The part of a layer that works on each position by itself. Short for multi-layer perceptron.",
  },
  clean: { term: "clean", plain: "The run in which nothing inside the model was changed." },
  edited: { term: "edited", plain: "The same run with something inside the model changed." },
  edit: {
    term: "edit",
    plain: "A change of one part of the model while it runs. The weights stay as they are.",
  },
  intervention: {
    term: "intervention",
    plain:
      "Changing one thing and watching what follows. What follows is an effect of the change, and not merely something that tends to go along with it.",
  },
  ablation: {
    term: "ablation",
    plain: "Taking a part away, for instance by setting it to zero, to see what is lost.",
  },
  patching: {
    term: "activation patching",
    plain:
      "Taking the value that a part had on one prompt, and putting it in its place on another prompt. What the answer takes over was carried by that part.",
  },
  source: {
    term: "source prompt",
    plain: "The other prompt of a patch: the one that values are taken from.",
  },
  activation: {
    term: "activation",
    plain: "A number that is computed inside the model while it reads a prompt.",
  },
  noise_floor: {
    term: "noise floor",
    plain:
      "How much a number moves under an edit that changes nothing. Computers round; a change that is not larger than this cannot be told from rounding.",
  },
  run: { term: "run", plain: "One prompt with some edits, and what came of it." },
  sweep: {
    term: "sweep",
    plain:
      "The same edit made at many places, one at a time: at each layer, say. It gives a grid of numbers, one cell for each place.",
  },
  answer: { term: "answer", plain: "The token whose probability is followed." },
  foil: { term: "foil", plain: "Another token that the answer is compared with." },
  certified: {
    term: "certified",
    plain:
      "Tested on the loaded model: an edit there does what it says. A part that fails the test is not offered.",
  },
  digest: {
    term: "digest",
    plain:
      "A fingerprint of the weights. The same weights have the same digest on every machine, whatever the folder is called.",
  },
  spec: {
    term: "spec",
    plain:
      "What was asked, written down completely: prompt, edits, what is measured. The same spec on the same weights gives the same result.",
  },
  verify: {
    term: "verify",
    plain: "To run a stored experiment again and compare every number with what is stored.",
  },
  bundle: {
    term: "bundle",
    plain: "A file with stored experiments that another machine can take in and verify.",
  },
  capture: { term: "capture", plain: "Activations of one run that were kept." },
} satisfies Record<string, Entry>;

type Site = keyof typeof SITES;
type Op = keyof typeof OPS;
type Metric = keyof typeof METRICS;
export type WordId = keyof typeof GENERAL | Site | Op | Metric;

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? "" : "."}`;
}

const entries = <K extends string, V>(record: Record<K, V>, make: (value: V, key: K) => Entry) =>
  Object.fromEntries(
    Object.entries<V>(record).map(([key, value]) => [key, make(value, key as K)]),
  ) as Record<K, Entry>;

export const GLOSSARY: Record<WordId, Entry> = {
  ...GENERAL,
  ...entries(SITES, ({ label, meaning }, key) => ({
    term: `${label} (${key})`,
    plain: `A place in the model: ${meaning}.`,
  })),
  ...entries(OPS, ({ label, hint }) => ({
    term: label.toLowerCase(),
    plain: `An edit. ${sentence(hint)}`,
  })),
  ...entries(METRICS, ({ label, hint }) => ({
    term: label,
    plain: `What is measured. ${sentence(hint)}`,
  })),
};

export const GROUPS: readonly { title: string; ids: readonly WordId[] }[] = [
  { title: "First words", ids: Object.keys(GENERAL) as WordId[] },
  { title: "Places in the model", ids: Object.keys(SITES) as WordId[] },
  { title: "Edits", ids: Object.keys(OPS) as WordId[] },
  { title: "Measures", ids: Object.keys(METRICS) as WordId[] },
];
