import { expect, it } from "vitest";
import type { Edit } from "../api/types";
import { lengthFault } from "./lengths";

const target = { site: "attn_out" as const, layer: 3 };
const patch: Edit = { target, op: { kind: "patch", source_prompt: "x" } };
const path: Edit = { target, op: { kind: "path", source_prompt: "x" } };
const zero: Edit = { target, op: { kind: "zero" } };

it("says both counts of a patch between prompts of unequal length", () => {
  expect(lengthFault([zero, patch], 6, [undefined, 7])).toBe(
    "The prompt has 6 tokens and the source prompt of the attention of layer 3 has 7. Pair their tokens, or give prompts of equal length.",
  );
});

it("lets a patch with a map, equal counts and unknown counts pass, but no such path", () => {
  const mapped: Edit = { target, op: { ...patch.op, positions: [[0, 0]] } as Edit["op"] };
  expect(lengthFault([mapped], 6, [7])).toBeNull();
  expect(lengthFault([patch], 6, [6])).toBeNull();
  expect(lengthFault([patch], undefined, [6])).toBeNull();
  expect(lengthFault([path], 6, [7])).toContain("A path needs equal counts");
});
