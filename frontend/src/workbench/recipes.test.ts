import { expect, it } from "vitest";
import { recipes } from "./recipes";

const spec = {
  prompt: 'It\'s "so" \\ that\nit',
  edits: [],
  metrics: [{ kind: "kl" as const }],
  top_k: 10,
};

/** What Python makes of a '''…''' text that holds no quote: only \\ is an escape here. */
function pythonText(code: string): string {
  const inner = code.split("'''")[1]!;
  expect(inner).not.toContain("'");
  return inner.replaceAll("\\\\", "\\");
}

it("gives Python a text that parses to the same spec", () => {
  const { python } = recipes(spec, "atlas", "http://localhost:8000");
  expect(JSON.parse(pythonText(python))).toEqual(spec);
});

it("gives the shell JSON that it does not touch", () => {
  const { shell, curl } = recipes(spec, "atlas", "http://localhost:8000");
  for (const text of [shell, curl]) {
    const body = text.split("<<'JSON'\n")[1]!.replace(/\nJSON$/, "");
    expect(JSON.parse(body)).toEqual(spec);
  }
});
