import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { choiceIn, choicesOf, useChoice } from "./useChoice";

const AXES = ["linear", "log"] as const;

it("reads what the address names, and the first where it names nothing that is there", () => {
  expect(choiceIn("?axis=log", "axis", AXES)).toBe("log");
  expect(choiceIn("?axis=cubic", "axis", AXES)).toBe("linear");
  expect(choiceIn("", "axis", AXES)).toBe("linear");
  expect(choicesOf("?tab=json&cell=L1&axis=log")).toBe("?tab=json&axis=log");
});

it("writes a choice beside what the address has, as a step of its own", () => {
  window.history.replaceState(null, "", "/e/1?spec=x");
  const before = window.history.length;
  const { result } = renderHook(() => useChoice("axis", AXES));
  act(() => result.current[1]("log"));
  expect(window.location.search).toBe("?spec=x&axis=log");
  expect([result.current[0], window.history.length]).toEqual(["log", before + 1]);
  act(() => result.current[1]("linear"));
  expect(window.location.search).toBe("?spec=x");
});
