// The terms of grids and of models in plain words.
import { type Plain, word } from "./glossaryWords";

export const GRIDS = {
  sweep: word(
    "sweep",
    "The same edit made at many places, one at a time: at each layer, say. It gives a grid of numbers, one cell for each place.",
  ),
  axis: word(
    "axis",
    "What a sweep varies: layer, head, position or neuron. Each axis gives the grid one more dimension; what is no axis is edited all at once.",
  ),
  cell: word(
    "cell",
    "One place of a grid. It is an experiment of its own, and can be opened as one.",
  ),
  clipping: word(
    "clipping",
    "The strongest 1 % of the cells get the colour of the end of the scale (the 99th percentile), so that they do not make the others pale. Their numbers stay as they are.",
  ),
  log_scale: word(
    "logarithmic scale",
    "An axis that counts in powers of ten, so that small values can be told apart beside large ones. Symlog does so on both sides of 0, and is even near 0.",
  ),
  colours: word(
    "colour scale",
    "Which colour stands for which number. RdBu and PuOr have two ends, with 0 in the middle; Viridis and Cividis go from 0 up.",
  ),
  marginals: word(
    "marginals",
    "The bars beside a grid: the mean of each row and column, with a diamond at its largest value.",
  ),
  block: word(
    "square of neurons",
    "Where there are too many neurons to draw one by one, a square shows the strongest of several neighbours. Each was still edited alone.",
  ),
  joint: word(
    "joint run",
    "One run with the edits of all marked cells together. It may do more or less than their sum.",
  ),
  control: word(
    "control",
    "A run beside a sweep to compare it with. Where its outcome is known in advance and does not come, the grid is not to be trusted.",
    ["self_patch", "full_patch", "random_direction"],
  ),
  self_patch: word(
    "self-patch",
    "A control: every value is put back as it was. Nothing may change.",
  ),
  full_patch: word(
    "full patch",
    "A control: everything is taken over from the source prompt. The model must then give the source's answer.",
  ),
  random_direction: word(
    "random directions",
    "A control: random vectors of the same norm are added at the strongest cell. It shows what any push of that size would do.",
  ),
  execution: word(
    "execution",
    "How the cells were computed: each with a forward pass of its own, or faster, without what the edit cannot change.",
  ),
  deviation: word(
    "deviation",
    "The largest difference in any logit between a faster computation and plain forward passes.",
  ),
  partial: word(
    "partial",
    "Not all cells have a value: the sweep was stopped, or some failed. What has run is kept; the rest is missing, and not 0.",
  ),
} satisfies Record<string, Plain>;

export const MODELS = {
  loaded: word(
    "loaded model",
    "The model that answers now. Its name stands at the top, with the first characters of its digest, its precision and its device.",
    ["digest", "dtype", "device"],
  ),
  digest: word(
    "digest",
    "A fingerprint of the weights. The same weights have the same digest on every machine, whatever the folder is called.",
  ),
  dtype: word(
    "precision (dtype)",
    "How exactly the model's numbers are kept: float32 has about seven digits, float16 and bfloat16 about three.",
  ),
  device: word(
    "device",
    "Where the model computes: on the processor (cpu) or on a graphics card (cuda).",
  ),
  architecture: word(
    "architecture",
    "The kind of a model: which parts it has, and how they are joined.",
  ),
  parameters: word("parameters", "The numbers that a model has learned: its weights."),
  width: word(
    "width",
    "How many numbers a vector has: in the residual stream (model width, d_model), in a head (d_head), in the middle of an MLP (d_mlp).",
  ),
  context: word("context", "How many tokens the model can read at once."),
  attention_kind: word(
    "attention implementation",
    "The code that computes attention: the plain one of the model's family (eager), or a faster one (such as sdpa) with the same result up to rounding.",
  ),
  certified: word(
    "certified",
    "Tested on the loaded model: an edit there does what it says. A part that fails the test is not offered.",
  ),
  stage: word(
    "stage of fast sweeps",
    "A way to leave out work that an edit cannot change. It is used only once it has given the logits of plain forward passes on the loaded model.",
  ),
  capture: word("capture", "Activations of one run that were kept."),
  shape: word(
    "shape",
    "How many numbers there are along each dimension, such as positions × width.",
  ),
  formats: word(
    "npy and safetensors",
    "File formats for arrays of numbers. An .npy file holds one, for NumPy; a .safetensors file holds several by name.",
  ),
} satisfies Record<string, Plain>;
