// The same question for a terminal, a script and Python. What is shown here can be run as it is.
import type { RunSpec, SweepSpec } from "../api/types";

export interface Recipes {
  python: string;
  curl: string;
  shell: string;
}

/** A spec as JSON without its empty fields. */
export function bareJson(spec: unknown): string {
  return JSON.stringify(spec, (_key, value) => (value === null ? undefined : value), 2);
}

export function recipes(spec: RunSpec | SweepSpec, modelId: string, origin: string): Recipes {
  const json = bareJson(spec);
  const sweep = "over" in spec;
  const [verb, type, path] = sweep ? ["sweep", "Sweep", "sweeps"] : ["run", "Run", "experiments"];
  // Inside Python's quotes a backslash is doubled, and ' is written as JSON's \u0027.
  const quoted = json.replaceAll("\\", "\\\\").replaceAll("'", "\\\\u0027");
  return {
    python: [
      "import neuronscope as ns",
      "",
      `model = ns.load(${JSON.stringify(modelId)})`,
      `spec = ns.${type}.model_validate_json('''${quoted}''')`,
      `result = model.${verb}(spec)`,
      sweep ? "print(result.to_csv())" : "print(result.metrics, result.edited.top[0])",
    ].join("\n"),
    curl: [
      `curl -s ${origin}/api/${path} \\`,
      '  -H "Authorization: Bearer $(cat .neuronscope/token)" \\',
      "  -H 'Content-Type: application/json' -d @- <<'JSON'",
      json,
      "JSON",
    ].join("\n"),
    shell: [`neuronscope ${verb} - <<'JSON'`, json, "JSON"].join("\n"),
  };
}
