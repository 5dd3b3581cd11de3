import { expect, it } from "vitest";
import { namesStored, recipes } from "./recipes";

const spec = {
  prompt: 'It\'s "so" \\ that\nit',
  edits: [],
  metrics: [{ kind: "kl" as const }],
  top_k: 10,
};

const MODEL = { id: "atlas", dtype: "float32" };

/** What Python makes of a '''…''' text that holds no quote: only \\ is an escape here. */
function pythonText(code: string): string {
  const inner = code.split("'''")[1]!;
  expect(inner).not.toContain("'");
  return inner.replaceAll("\\\\", "\\");
}

it("gives Python a text that parses to the same spec", () => {
  const { python } = recipes(spec, MODEL, "http://localhost:8000");
  expect(JSON.parse(pythonText(python))).toEqual(spec);
});

it("gives the shell JSON that it does not touch", () => {
  const { shell, curl } = recipes(spec, MODEL, "http://localhost:8000");
  for (const text of [shell, curl]) {
    const body = text.split("<<'JSON'\n")[1]!.replace(/\nJSON$/, "");
    expect(JSON.parse(body)).toEqual(spec);
  }
});

it("asks for the model in the numbers that it was run in", () => {
  const said = recipes(spec, { id: "my model's", dtype: "bfloat16" }, "http://localhost:8000");
  expect(said.python).toContain(`ns.load("LLM/my model's", dtype="bfloat16")`);
  expect(said.shell).toContain("--model 'my model'\\''s' --dtype bfloat16");
});

it("knows which specs need the server's own vectors", () => {
  expect(namesStored(spec)).toBe(false);
  const direction = { kind: "stored" as const, sha256: "a".repeat(64) };
  const edit = { target: { site: "embed" as const }, op: { kind: "add" as const, direction } };
  expect(namesStored({ ...spec, edits: [edit] })).toBe(true);
});
