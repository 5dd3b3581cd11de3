import { expect, it } from "vitest";
import type { Metric } from "../api/types";
import { withPosition } from "./metrics";

it("reads one metric at a position of its own, and back where all are read", () => {
  const metrics: Metric[] = [{ kind: "kl" }, { kind: "prob", token: " Paris" }];
  const placed = withPosition(metrics, 1, 0);
  expect(placed).toEqual([{ kind: "kl" }, { kind: "prob", token: " Paris", position: 0 }]);
  expect(withPosition(placed, 1, null)).toEqual(metrics);
});
