import { expect, it } from "vitest";
import type { ModelInfo, Site } from "../api/types";
import { refusals } from "./refusals";

it("tells refused sites with their reason, equal reasons once", () => {
  const site = (name: Site, reason: string) => ({ site: name, certified: reason === "", reason });
  const info = {
    sites: [site("q", "fused"), site("k", "fused"), site("z", ""), site("resid_mid", "parallel")],
  } as unknown as ModelInfo;
  expect(refusals(info, ["q", "k", "z", "resid_mid"])).toEqual([
    { sites: ["q", "k"], reason: "fused" },
    { sites: ["resid_mid"], reason: "parallel" },
  ]);
  expect(refusals(info, ["z"])).toEqual([]);
});
