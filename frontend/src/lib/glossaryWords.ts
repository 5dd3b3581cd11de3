// The terms of the interface in plain words, but for sites, edits, directions and metrics.

export interface Plain {
  term: string;
  plain: string;
  /** Terms that are told together with this one. */
  members?: readonly string[];
}

export const word = (term: string, plain: string, members: readonly string[] = []): Plain => ({
  term,
  plain,
  members,
});

export const FIRST = {
  model: word(
    "language model",
    "A program that reads text and says how likely each possible continuation is. What it has learned is in its weights: numbers, often billions of them.",
  ),
  prompt: word("prompt", "The text that the model is given to continue."),
  token: word(
    "token",
    "A piece of text as the model reads it: often a word with the space before it (written ␣), sometimes a part of a word. A model has a fixed list of them.",
  ),
  token_id: word(
    "token id",
    "The number of a token in the model's vocabulary. Two tokens can look alike and still be two: their ids tell them apart.",
  ),
  tokenizer: word("tokenizer", "What cuts a text into tokens. Each model has its own."),
  vocabulary: word(
    "vocabulary",
    "All the tokens that the model knows. Only these can it read and say.",
  ),
  bos: word(
    "beginning-of-sequence token",
    "A mark that many models are given before the text, often written <|bos|> or <s>. It is no word of yours; the model has learned to expect it at position 0.",
  ),
  position: word("position", "The place of a token in the prompt, counted from 0."),
  probability: word(
    "probability",
    "How likely the model takes a token to come next: 0 % is never, 100 % always.",
  ),
  distribution: word(
    "next-token distribution",
    "The probabilities of all tokens together. They add up to 100 %.",
  ),
  top_token: word(
    "top token",
    "The token that the model finds most likely to come next: its first choice.",
  ),
  logit: word("logit", "The score of a token before scores are turned into probabilities."),
  layer: word(
    "layer",
    "One step of the model's computation. Each layer reads what the ones before it have written, and adds to it.",
  ),
  stream: word(
    "residual stream",
    "The list of numbers that the model carries along for each position. Every layer reads it and adds to it; the answer is read from it at the end.",
  ),
  attention: word(
    "attention",
    "The part of a layer that lets a position take something over from earlier positions.",
  ),
  head: word(
    "head",
    "Attention is made of several heads that work side by side; each decides by itself from where to take what.",
  ),
  kv_head: word(
    "key-value head",
    "The keys and values of attention. In some models several heads share them (grouped-query attention), so that there are fewer of these than of heads.",
  ),
  mlp: word(
    "MLP",
    "The part of a layer that works on each position by itself. Short for multi-layer perceptron.",
  ),
  neuron: word(
    "neuron",
    "One number in the middle of an MLP. What the MLP adds to the residual stream is computed from its neurons.",
  ),
  activation: word(
    "activation",
    "A number that is computed inside the model while it reads a prompt.",
  ),
  vector: word("vector", "A list of numbers. What a part computes at one position is a vector."),
  norm: word(
    "norm",
    "The length of a vector: the root of the sum of its squared numbers. A mean norm is the average over several vectors.",
  ),
  std: word(
    "standard deviation",
    "How far numbers typically lie from their mean. Written as σ, or behind ±.",
  ),
  forward: word(
    "forward pass",
    "One reading of a prompt by the model, from tokens to logits. It is what takes the time.",
  ),
} satisfies Record<string, Plain>;

export const ASKING = {
  experiment: word("experiment", "A question to the model with its outcome. There are two kinds.", [
    "run",
    "sweep",
  ]),
  run: word("run", "One prompt with some edits, and what came of it."),
  clean: word("clean", "Without the edits: the run in which nothing inside the model was changed."),
  edited: word("edited", "The same run with something inside the model changed."),
  intervention: word(
    "intervention",
    "Changing one thing and watching what follows. What follows is an effect of the change, and not merely something that tends to go along with it.",
  ),
  ablation: word(
    "ablation",
    "Taking a part away, for instance by setting it to zero, to see what is lost.",
  ),
  patching: word(
    "activation patching",
    "Taking the value that a part had on one prompt, and putting it in its place on another prompt. What the answer takes over was carried by that part.",
  ),
  source: word("source prompt", "The other prompt of a patch: the one that values are taken from."),
  position_map: word(
    "position map",
    "Which position takes its value from which position of the source prompt. Needed where the two prompts have different numbers of tokens.",
  ),
  reference: word(
    "reference prompts",
    "Other prompts from which a mean or a replacement is taken. What comes out depends on which ones are chosen.",
  ),
  draws: word(
    "draws",
    "How often an edit with chance in it is repeated with other random numbers. Results are means over the draws, and ± is the standard deviation between them.",
  ),
  seed: word(
    "seed",
    "The number that random numbers are made from: the same seed gives the same ones.",
  ),
  held: word(
    "held edit",
    "An edit that applies in the clean run, too. What is then measured is what the other edits do to a model that is held so.",
  ),
  order: word(
    "order of edits",
    "Edits act together. Two that change the same numbers apply one after the other, in an order that has to be said.",
  ),
  receiver: word(
    "receiver",
    "Where a path ends: the part that is given the changed value. What follows from it there is measured.",
  ),
  answer: word("answer", "The token whose probability is followed."),
  foil: word("foil", "Another token that the answer is compared with."),
  read_position: word(
    "read position",
    "The token after which the prediction is read: the last one, unless another is chosen.",
  ),
  change: word(
    "change",
    "The edited value less the clean one. For a probability it is told in percentage points (pp): from 40 % to 10 % is −30 pp.",
  ),
  nat: word(
    "nat",
    "The unit of KL, JS and log probability, as bits are with the logarithm to base 2. One nat is 1.44 bits.",
  ),
  noise_floor: word(
    "noise floor",
    "How much a number moves under an edit that changes nothing. Computers round; a change that is not larger than this cannot be told from rounding.",
  ),
  spec: word(
    "spec",
    "What was asked, written down completely: prompt, edits, what is measured. The same spec on the same weights gives the same result.",
  ),
  hash: word(
    "hash (SHA-256)",
    "A fingerprint of some content. The same question on the same weights has the same spec hash; another question has another one.",
  ),
  verify: word(
    "verify",
    "To run a stored experiment again and compare every number with what is stored.",
  ),
  bundle: word(
    "bundle",
    "A file with stored experiments that another machine can take in and verify.",
  ),
  difference: word(
    "B − A",
    "The number of B less the number of A, of the same metric at the same place.",
  ),
  queue: word("queue", "Work for the model is done one piece at a time; the rest waits here."),
} satisfies Record<string, Plain>;
