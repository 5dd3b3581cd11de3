import { expect, it } from "vitest";
import type { CaptureEntry, CaptureRecord } from "../api/types";
import { sheet } from "../charts/exportFiles";
import { sceneSvg } from "../charts/sceneSvg";
import { lengthBars, lengthsFile } from "./lengthsFile";

const entry = {
  ...{ name: "attn_out.1", site: "attn_out", layer: 1, dims: ["position", "d_model"] },
  ...{ coords: {}, shape: [3, 2], dtype: "float32" },
} as unknown as CaptureEntry;
const record = {
  data: {
    capture_hash: "c".repeat(64),
    spec: { prompt: "x", targets: [] },
    model: { id: "atlas", model_digest: "d".repeat(64), dtype: "float32" },
    tokens: [" x", ",", "z"].map((text, index) => ({ index, id: index, text })),
    entries: [entry],
  },
} as unknown as CaptureRecord;
const lines = [
  { position: 0, length: 2, first: [2, 0] },
  { position: 1, length: 4, first: [0, 4] },
  { position: 2, length: Number.NaN, first: [Number.NaN, 0] },
];
const file = lengthsFile(record, entry, lines);

it("draws a bar for each length, from 0, and none where there is none", () => {
  const widths = lengthBars(lines).map(({ marks }) =>
    marks.map((mark) => "width" in mark && mark.width),
  );
  expect(widths).toEqual([[80], [160], []]);
  const text = sceneSvg(sheet(file), () => "gray", { title: file.title, description: "" });
  const svg = new DOMParser().parseFromString(text, "image/svg+xml");
  const words = [...svg.querySelectorAll("text")].map((each) => each.textContent).join(" ");
  for (const part of ["attention of layer 1", "Length", "0 ␣x", "not finite", "1 position has no"])
    expect(words).toContain(part);
});

it("writes every length, empty where there is none", () => {
  expect(file.csv().split("\n")).toEqual([
    ...[
      "part,position,token,length",
      "attn_out.1,0, x,2",
      'attn_out.1,1,",",4',
      "attn_out.1,2,z,",
      "",
    ],
  ]);
});
