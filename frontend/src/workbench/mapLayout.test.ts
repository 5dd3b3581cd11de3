import { expect, it } from "vitest";
import type { ModelInfo } from "../api/types";
import { keysOf, MANY_HEADS, mapRows, neighbour } from "./mapLayout";

const LAYERS = [0, 1, 2];
const info = {
  n_layers: 3,
  n_heads: 4,
  n_kv_heads: 2,
  sites: [
    ...["resid_pre", "attn_out", "mlp_out", "z", "k", "resid_post"].map((site) => ({
      site,
      certified: true,
      layers: LAYERS,
    })),
    { site: "resid_mid", certified: true, layers: [0, 1] },
    { site: "mlp_act", certified: false, layers: [], reason: "gated" },
    { site: "embed", certified: true, layers: [] },
    { site: "final_norm", certified: true, layers: [] },
  ],
} as unknown as ModelInfo;

it("draws the layers and heads that the model has, and offers what is certified", () => {
  const rows = mapRows(info, 0);
  expect(rows).toHaveLength(5);
  expect(rows[1]!.cells.filter((cell) => cell.target.site === "z")).toHaveLength(4);
  const refused = rows.flatMap((row) => row.cells).filter((cell) => !cell.certified);
  expect(new Set(refused.map((cell) => `${cell.key} ${cell.reason}`))).toEqual(
    new Set([
      "resid_mid.2. it was not found in this layer",
      ...LAYERS.map((layer) => `mlp_act.${layer}. gated`),
    ]),
  );
});

it("lets the squares stand for a step inside attention, with that step's heads", () => {
  const keys = mapRows(info, 0, "k")[1]!.cells.filter((cell) => cell.target.site === "k");
  expect(keys.map((cell) => cell.name)).toEqual([
    "layer 0, key of key-value head 0",
    "layer 0, key of key-value head 1",
  ]);
  const queries = mapRows(info, 0, "q").flatMap((row) => row.cells);
  expect(queries.filter((cell) => cell.target.site === "q")).toHaveLength(12);
  expect(queries.some((cell) => cell.target.site === "z")).toBe(false);
  expect(neighbour(mapRows(info, 0, "q"), "q.0.3", "ArrowDown")!.key).toBe("q.1.3");
});

it("opens only one layer's heads on a large model", () => {
  const rows = mapRows({ ...info, n_heads: MANY_HEADS }, 1);
  const open = rows.filter((row) => row.cells.some((cell) => cell.target.site === "z"));
  expect(open.map((row) => row.layer)).toEqual([1]);
});

it("keeps to a head when moving between layers", () => {
  const rows = mapRows(info, 0);
  expect(neighbour(rows, "z.0.2", "ArrowDown")!.key).toBe("z.1.2");
  expect(neighbour(rows, "z.0.2", "ArrowRight")!.key).toBe("z.0.3");
  expect(neighbour(rows, "embed..", "ArrowUp")!.key).toBe("embed..");
  expect(neighbour(rows, "embed..", "Enter")).toBeNull();
});

it("lights up every cell of a target", () => {
  expect(keysOf({ site: "z", layer: [0, 2], head: 1 }, info)).toEqual(["z.0.1", "z.2.1"]);
  expect(keysOf({ site: "k", layer: 1, head: -1 }, info)).toEqual(["k.1.1"]);
  expect(keysOf({ site: "pattern", layer: 1, key: 0 }, info)).toHaveLength(4);
  expect(keysOf({ site: "mlp_out" }, info)).toHaveLength(3);
  expect(keysOf({ site: "mlp_out", layer: -1 }, info)).toEqual(["mlp_out.2."]);
});
