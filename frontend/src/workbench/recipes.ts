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

type Model = Pick<Result["model"], "id" | "dtype">;

export function recipes(spec: RunSpec | SweepSpec, model: Model, origin: string): Recipes {
  const json = bareJson(spec);
  const sweep = "over" in spec;
  const [verb, type, path] = sweep ? ["sweep", "Sweep", "sweeps"] : ["run", "Run", "experiments"];
  const known = DTYPES.includes(model.dtype);
  // Inside Python's quotes a backslash is doubled, and ' is written as JSON's \u0027.
  const quoted = json.replaceAll("\\", "\\\\").replaceAll("'", "\\\\u0027");
  const folder = JSON.stringify(`LLM/${model.id}`);
  const id = /^[\w.-]+$/.test(model.id) ? model.id : `'${model.id.replaceAll("'", "'\\''")}'`;
  return {
    python: [
      "import neuronscope as ns",
      "",
      `model = ns.load(${folder}${known ? `, dtype="${model.dtype}"` : ""})`,
      `spec = ns.${type}.model_validate_json('''${quoted}''')`,
      `result = model.${verb}(spec)`,
      "print(result.spec_hash)",
      sweep
        ? "print(result.to_csv())"
        : "print({key: value.edited for key, value in result.metrics.items()})",
    ].join("\n"),
    curl: [
      `curl -s ${origin}/api/${path} \\`,
      '  -H "Authorization: Bearer $(cat .neuronscope/token)" \\',
      "  -H 'Content-Type: application/json' -d @- <<'JSON'",
      json,
      "JSON",
    ].join("\n"),
    shell: [
      `neuronscope ${verb} - --model ${id}${known ? ` --dtype ${model.dtype}` : ""} \\`,
      "  --data \"$(mktemp -d)\" <<'JSON'",
      json,
      "JSON",
    ].join("\n"),
  };
}

/** Whether a spec names a vector that only the server's own data folder has. */
export function namesStored(spec: RunSpec | SweepSpec): boolean {
  return /"kind":"stored"/.test(JSON.stringify(spec));
}
