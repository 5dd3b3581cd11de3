import { expect, it } from "vitest";
import type { RunSpec, SweepSpec } from "../api/types";
import { conditions, recipes, vectorFiles } from "./recipes";

const spec = {
  prompt: 'It\'s "so" \\ that\nit',
  edits: [],
  metrics: [{ kind: "kl" as const }],
  top_k: 10,
};

const MODEL = { id: "atlas", dtype: "float32" };
const HASH = "0".repeat(64);
const SHA = "a".repeat(64);

function told(asked: RunSpec | SweepSpec, model = MODEL) {
  return recipes({ spec: asked, spec_hash: HASH, model }, "http://localhost:8000");
}

/** What Python makes of a '''…''' text that holds no quote: only \\ is an escape here. */
function pythonText(code: string): string {
  const inner = code.split("'''")[1]!;
  expect(inner).not.toContain("'");
  return inner.replaceAll("\\\\", "\\");
}

it("gives Python a text that parses to the same spec", () => {
  const { python } = told(spec);
  expect(JSON.parse(pythonText(python))).toEqual(spec);
});

it("gives the shell JSON that it does not touch", () => {
  const { shell, curl } = told(spec);
  for (const text of [shell, curl]) {
    const body = text.split("<<'JSON'\n")[1]!.replace(/\nJSON$/, "");
    expect(JSON.parse(body)).toEqual(spec);
  }
});

it("asks for the model in the numbers that it was run in", () => {
  const said = told(spec, { id: "my model's", dtype: "bfloat16" });
  expect(said.python).toContain(`ns.load("LLM/my model's", dtype="bfloat16")`);
  expect(said.shell).toContain("--model 'my model'\\''s' --dtype bfloat16");
});

it("brings the vectors that a spec names, each once", () => {
  expect(vectorFiles(spec)).toEqual([]);
  const direction = { kind: "stored" as const, sha256: SHA };
  const op = { kind: "add" as const, direction };
  const edit = { target: { site: "embed" as const }, op };
  const file = `.neuronscope/vectors/${SHA}.npy`;
  const run = { ...spec, edits: [edit], held: [edit] };
  const sweep = { prompt: "a", op, over: { sites: ["resid_pre" as const] } };
  expect(vectorFiles(run)).toEqual([file]);
  expect(vectorFiles(sweep)).toEqual([file]);
  expect(told(run).python.match(/add_vector/g)).toHaveLength(1);
  expect(told(run).python).toContain(`model.add_vector("${file}")`);
  expect(told(run).shell).toContain(`neuronscope vectors add ${file} --data "$data"\n`);
  expect(told(run).curl).not.toContain(".npy");
});

it("reads a sweep's cells after it was asked for", () => {
  const { curl } = told({ prompt: "a", op: { kind: "zero" }, over: { sites: ["embed"] } });
  expect(curl.split("JSON\n").at(-1)).toMatch(
    new RegExp(`^curl -s http://localhost:8000/api/sweeps/${HASH}/grid .*text/csv'$`, "s"),
  );
});

it("says what its folders and commands take for granted", () => {
  const id = { python: "LLM/", curl: ".neuronscope/token", shell: "--model atlas" };
  for (const kind of ["python", "curl", "shell"] as const) {
    expect(told(spec)[kind]).toContain(id[kind]);
    expect(conditions(kind, false)).toContain("in the folder where the server was started");
    expect(conditions(kind, false).includes("--models")).toBe(kind !== "curl");
    expect(conditions(kind, false).includes("--data")).toBe(kind === "curl");
    expect(conditions(kind, true)).toContain(".neuronscope");
    expect(conditions(kind, true).includes(".venv/bin")).toBe(kind !== "curl");
  }
});
