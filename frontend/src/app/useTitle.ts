import { useEffect } from "react";
import { useRecord, useSweep } from "../api/queries";
import type { Edit, GridData, Result } from "../api/types";
import { placeText } from "../lib/names";

const LONGEST_PROMPT = 60;

function edited(edits: readonly Edit[], tokens: Result["tokens"]): string {
  const [first] = edits;
  if (!first) return "no edit";
  const more = edits.length > 1 ? ` and ${edits.length - 1} more` : "";
  return `${first.op.kind} ${placeText(first.target, tokens)}${more}`;
}

/** "zero attention of layer 3: The Eiffel Tower is in": what tells one result's tab from another's. */
export function resultTitle(name: string | undefined, result: Result | GridData): string {
  const { spec, tokens } = result;
  const what = "over" in spec ? `${spec.op.kind} sweep` : edited(spec.edits ?? [], tokens);
  const prompt =
    typeof spec.prompt === "string" ? spec.prompt : tokens.map(({ text }) => text).join("");
  return `${name || what}: ${shortened(prompt)}`;
}

/** The beginning of a long text: a tab has little room, and the page shows it in full. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_PROMPT ? `${line.slice(0, LONGEST_PROMPT - 1)}…` : line;
}

/** Names the tab after the view, and after the result that it shows. */
export function useTitle(path: string, view: string | undefined): void {
  const [, place, id] = path.split("/");
  const record = useRecord(place === "e" ? (id ?? null) : null).data;
  const sweep = useSweep(place === "s" ? (id ?? null) : null).data?.summary;
  const result = record ? resultTitle(record.name, record.result) : null;
  const grid = sweep ? `${sweep.name || sweep.title}: ${shortened(sweep.prompt)}` : null;
  const title = [result ?? grid, view, "NeuronScope"].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
