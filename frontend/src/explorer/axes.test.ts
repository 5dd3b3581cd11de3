import { expect, it } from "vitest";
import { allowedAxes, withSites } from "./axes";

it("offers keys for patterns alone, and drops an axis that a new site does not have", () => {
  expect(allowedAxes(["pattern"])).toEqual(["layers", "heads", "positions", "keys"]);
  expect(allowedAxes(["k", "v"])).toEqual(["layers", "heads", "positions"]);
  expect(withSites({ sites: ["pattern"], layers: "all", keys: "all" }, ["pattern", "z"])).toEqual({
    sites: ["pattern", "z"],
    layers: "all",
  });
});
