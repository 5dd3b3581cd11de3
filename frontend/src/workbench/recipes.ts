// The same question for Python, curl and a terminal. What is shown here can be run as it is,
// from the folder in which the server was started.
import type { Result, RunSpec, SweepSpec } from "../api/types";

export interface Recipes {
  python: string;
  curl: string;
  shell: string;
}

/** The types in which a model can be loaded: others come with its files, or of quantisation. */
const DTYPES = ["float32", "bfloat16", "float16"];

/** A spec as JSON without its empty fields. */
export function bareJson(spec: unknown): string {
  return JSON.stringify(spec, (_key, value) => (value === null ? undefined : value), 2);
}

type Spec = RunSpec | SweepSpec;
type Model = Pick<Result["model"], "id" | "dtype">;

/** What is reproduced: a result's question, and what it ran on. */
export interface Asked {
  spec: Spec;
  spec_hash: string;
  model: Model;
}

/** Kept vectors that a spec names, each once, as files of the server's data folder. */
export function vectorFiles(spec: Spec): string[] {
  const edits = [...(spec.held ?? []), ...("edits" in spec ? (spec.edits ?? []) : [])];
  const ops = [...edits.map((edit) => edit.op), ...("over" in spec ? [spec.op] : [])];
  const hashes = ops.flatMap((op) =>
    op.kind === "add" && op.direction.kind === "stored" ? [op.direction.sha256] : [],
  );
  return [...new Set(hashes)].map((sha256) => `.neuronscope/vectors/${sha256}.npy`);
}

const PLACE = "Run it in the folder where the server was started";
const VENV = ".venv/bin (.venv\\Scripts on Windows)";

/** What each form takes for granted, and what to write where the server was told other folders. */
export function conditions(kind: keyof Recipes, vectors: boolean): string {
  const data = "If the server was started with --data, write that folder for .neuronscope";
  const where = vectors ? `${data}, where the vectors are.` : "";
  const says = {
    python: `${PLACE}, with the python of ${VENV} if run.py installed NeuronScope. It loads the model anew. If the server was started with --models, write that folder for LLM. ${where}`,
    curl: `${PLACE}. It asks this server, which answers from its store. ${data}.`,
    shell: `${PLACE}; run.py puts neuronscope into ${VENV}. It runs anew, in a data folder of its own. If the server was started with --models, give the same here. ${where}`,
  };
  return says[kind].trim();
}

export function recipes({ spec, spec_hash, model }: Asked, origin: string): Recipes {
  const json = bareJson(spec);
  const files = vectorFiles(spec);
  return {
    python: python(spec, model, json, files),
    curl: curl(spec, spec_hash, origin, json),
    shell: shell(spec, model, json, files),
  };
}

function python(spec: Spec, model: Model, json: string, files: string[]): string {
  const sweep = "over" in spec;
  // Inside Python's quotes a backslash is doubled, and ' is written as JSON's \u0027.
  const quoted = json.replaceAll("\\", "\\\\").replaceAll("'", "\\\\u0027");
  const folder = JSON.stringify(`LLM/${model.id}`);
  const dtype = DTYPES.includes(model.dtype) ? `, dtype="${model.dtype}"` : "";
  return [
    "import neuronscope as ns",
    "",
    `model = ns.load(${folder}${dtype})`,
    ...files.map((file) => `model.add_vector("${file}")`),
    `spec = ns.${sweep ? "Sweep" : "Run"}.model_validate_json('''${quoted}''')`,
    `result = model.${sweep ? "sweep" : "run"}(spec)`,
    "print(result.spec_hash)",
    sweep
      ? "print(result.to_csv())"
      : "print({key: value.edited for key, value in result.metrics.items()})",
  ].join("\n");
}

function curl(spec: Spec, specHash: string, origin: string, json: string): string {
  const token = '  -H "Authorization: Bearer $(cat .neuronscope/token)"';
  const asked = (path: string, more: string) => [
    `curl -s ${origin}/api/${path} \\`,
    `${token} \\`,
    `  -H 'Content-Type: application/json' ${more}-d @- <<'JSON'`,
    json,
    "JSON",
  ];
  if (!("over" in spec)) return asked("experiments", "").join("\n");
  return [
    ...asked("sweeps", "-w '\\n' "),
    `curl -s ${origin}/api/sweeps/${specHash}/grid \\`,
    `${token} -H 'Accept: text/csv'`,
  ].join("\n");
}

function shell(spec: Spec, model: Model, json: string, files: string[]): string {
  const verb = "over" in spec ? "sweep" : "run";
  const id = /^[\w.-]+$/.test(model.id) ? model.id : `'${model.id.replaceAll("'", "'\\''")}'`;
  const dtype = DTYPES.includes(model.dtype) ? ` --dtype ${model.dtype}` : "";
  const place = files.length ? '"$data"' : '"$(mktemp -d)"';
  return [
    ...(files.length ? ["data=$(mktemp -d)"] : []),
    ...files.map((file) => `neuronscope vectors add ${file} --data "$data"`),
    `neuronscope ${verb} - --model ${id}${dtype} \\`,
    `  --data ${place} <<'JSON'`,
    json,
    "JSON",
  ].join("\n");
}
