// Every term of the interface in plain words. `Term` links here; a test holds that each one exists.
import { GRIDS, MODELS } from "./glossaryMore";
import { ASKING, FIRST, type Plain } from "./glossaryWords";
import { DIRECTIONS, METRICS, OPS, SITES } from "./words";

type Directions = typeof DIRECTIONS;

/** Words for whole lists of names, each told with all names of its list. */
const LISTS = {
  site: {
    term: "site",
    plain:
      "A place in the model at which values can be read and changed. Every model has them under its own names; here each has one name.",
    members: Object.keys(SITES),
  },
  edit: {
    term: "edit",
    plain: "A change of one part of the model while it runs. The weights stay as they are.",
    members: Object.keys(OPS),
  },
  direction: {
    term: "direction",
    plain:
      "A vector that is added to a part, to push it that way (activation steering). It can come from several places.",
    members: Object.keys(DIRECTIONS).map((kind) => `to_${kind}`),
  },
  metric: {
    term: "metric",
    plain: "A number that says how far what the model predicts has changed.",
    members: Object.keys(METRICS),
  },
} satisfies Record<string, Plain>;

const GENERAL = { ...FIRST, ...ASKING, ...GRIDS, ...MODELS, ...LISTS };

type Site = keyof typeof SITES;
type Op = keyof typeof OPS;
type Metric = keyof typeof METRICS;
type DirectionWord = `to_${keyof Directions}`;
export type WordId = keyof typeof GENERAL | Site | Op | Metric | DirectionWord;

interface Entry {
  term: string;
  plain: string;
  members: readonly WordId[];
}

/** What the literature calls them, where that is not their label. */
const FIELD_TERMS: Partial<Record<Op | Metric, string>> = {
  zero: "zero ablation",
  mean: "mean ablation",
  patch: "activation patching",
  add: "activation addition, steering",
  noise: "noising, corruption",
  resample: "resample ablation",
  path: "path patching",
  kl: "Kullback–Leibler divergence",
  js: "Jensen–Shannon divergence",
  recovered: "normalised logit difference",
};

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? "" : "."}`;
}

const entries = <K extends string, V>(
  record: Record<K, V>,
  make: (value: V, key: K) => Omit<Entry, "members">,
) =>
  Object.fromEntries(
    Object.entries<V>(record).map(([key, value]) => [
      key,
      { members: [], ...make(value, key as K) },
    ]),
  ) as unknown as Record<K, Entry>;

const DIRECTION_WORDS = Object.fromEntries(
  Object.entries(DIRECTIONS).map(([kind, value]) => [`to_${kind}`, value]),
) as Record<DirectionWord, (typeof DIRECTIONS)[keyof typeof DIRECTIONS]>;

const named = (kind: Op | Metric, label: string) =>
  FIELD_TERMS[kind] ? `${label} (${FIELD_TERMS[kind]})` : label;

export const GLOSSARY: Record<WordId, Entry> = {
  ...(GENERAL as Record<keyof typeof GENERAL, Entry>),
  ...entries(SITES, ({ label, meaning }, key) => ({
    term: `${label} (${key})`,
    plain: `A place in the model: ${meaning}.`,
  })),
  ...entries(OPS, ({ label, hint }, key) => ({
    term: named(key, label.toLowerCase()),
    plain: `An edit. ${sentence(hint)}`,
  })),
  ...entries(DIRECTION_WORDS, ({ label, hint }) => ({
    term: `direction: ${label.toLowerCase()}`,
    plain: sentence(hint),
  })),
  ...entries(METRICS, ({ label, hint }, key) => ({
    term: named(key, label),
    plain: `What is measured. ${sentence(hint)}`,
  })),
};

const ids = (of: object) => Object.keys(of) as WordId[];

export const GROUPS: readonly { title: string; ids: readonly WordId[] }[] = [
  { title: "First words", ids: ids(FIRST) },
  { title: "Experiments", ids: ids(ASKING) },
  { title: "Sweeps and grids", ids: ids(GRIDS) },
  { title: "The model and its checks", ids: ids(MODELS) },
  { title: "Places in the model", ids: ["site", ...ids(SITES)] },
  { title: "Edits", ids: ["edit", ...ids(OPS)] },
  { title: "Directions", ids: ["direction", ...GLOSSARY.direction.members] },
  { title: "Metrics", ids: ["metric", ...ids(METRICS)] },
];
