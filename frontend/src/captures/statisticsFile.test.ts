import { expect, it } from "vitest";
import type { CaptureRecord } from "../api/types";
import { sheet } from "../charts/exportFiles";
import { sceneSvg } from "../charts/sceneSvg";
import { statisticsFile } from "./statisticsFile";

const statistics = {
  ...{ n: 96, n_zero: 3, n_non_finite: 1, mean: 0.5, std: 2, min: -1, max: 4 },
  ...{ mean_norm: null, max_norm: null },
};
const record = {
  id: "f00d",
  created_at: "2026-01-01T00:00:00Z",
  data: {
    capture_hash: "c".repeat(64),
    spec: {
      prompt: "x",
      targets: [],
      edits: [{ target: { site: "mlp_out", layer: 2 }, op: { kind: "zero" } }],
    },
    model: { id: "atlas", model_digest: "d".repeat(64), dtype: "float32" },
    tokens: [{ index: 0, id: 0, text: " x" }],
    entries: [
      {
        ...{ name: "attn_out.1", site: "attn_out", layer: 1, dims: ["position", "d_model"] },
        ...{ coords: {}, shape: [3, 32], dtype: "float32", statistics },
      },
    ],
  },
} as unknown as CaptureRecord;
const file = statisticsFile(record);

it("draws the table with what each column means, and whose values they are", () => {
  const text = sceneSvg(sheet(file), () => "gray", { title: file.title, description: "" });
  const svg = new DOMParser().parseFromString(text, "image/svg+xml");
  const words = [...svg.querySelectorAll("text")].map((each) => each.textContent);
  expect(words).toEqual(
    expect.arrayContaining(["attention of layer 1", "3 × 32 float32", "0.5", "−1", "none"]),
  );
  const all = words.join(" ");
  expect(all).toContain("Std: standard deviation of all values");
  expect(all).toContain("With these edits: zero MLP of layer 2");
  expect(all).toContain("1 value is not finite and left out");
  expect(file.source.join()).toContain(`capture ${"c".repeat(64)}  ·  atlas dddddddddddd`);
});

it("writes every statistic, empty where there is none, and the record as it is kept", () => {
  expect(file.csv().split("\n")).toEqual([
    "part,site,layer,dims,shape,dtype,n,mean,std,min,max,mean_norm,max_norm,n_zero,n_non_finite",
    "attn_out.1,attn_out,1,position x d_model,3 x 32,float32,96,0.5,2,-1,4,,,3,1",
    "",
  ]);
  expect(JSON.parse(file.json())).toEqual(record);
});
