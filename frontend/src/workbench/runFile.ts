// The top tokens of a stored run as a file.
import type { Result, RunRecord } from "../api/types";
import { topTokensFile } from "../charts/Dumbbell";
import type { ChartFile } from "../charts/exportFiles";
import { originLine } from "../charts/origin";

export function isClean(result: Result): boolean {
  return (result.spec.edits ?? []).length === 0;
}

export function runFile(record: RunRecord, result: Result): ChartFile {
  return topTokensFile(
    { clean: result.clean.top, edited: result.edited.top, same: isClean(result) },
    {
      name: `neuronscope-${result.spec_hash.slice(0, 8)}`,
      source: [originLine(result, `spec ${result.spec_hash}`)],
      json: () => JSON.stringify(record, null, 2),
    },
  );
}
