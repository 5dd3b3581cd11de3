import { expect, it } from "vitest";
import { changeInUnit, number, percent, roughly, visible } from "./format";

it("never rounds a probability to certainty or to nothing", () => {
  expect(percent(0.99999)).toBe("> 99.9 %");
  expect(percent(1)).toBe("100 %");
  expect(percent(1e-9)).toBe("< 0.01 %");
  expect(percent(0)).toBe("0 %");
  expect(percent(0.9774)).toBe("97.7 %");
  expect(percent(0.00673)).toBe("0.673 %");
});

it("writes changes of probability in percentage points, with a real minus", () => {
  expect(changeInUnit(-0.45, "probability")).toBe("−45 pp");
  expect(changeInUnit(0.5, "nats")).toBe("+0.5");
  expect(number(-2.4e-8)).toBe("−2.4e−8");
  expect(number(12345.6)).toBe("12,346");
});

it("shows white space", () => {
  expect(visible(" a\n\t")).toBe("␣a↵⇥");
});

it("gives an estimate two digits", () => {
  expect(roughly(0.8963)).toBe("900 ms");
  expect(roughly(0.0042)).toBe("4 ms");
  expect(roughly(2.694)).toBe("2.7 s");
  expect(roughly(123.4)).toBe("2:00 min");
});
