import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SAID_EVERY_MS, useSpoken } from "./spoken";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("tells a text that changes often at most every five seconds, and its end", () => {
  const told: [number, string][] = [];
  let last = "";
  const { rerender, result } = renderHook(({ text }) => useSpoken(text), {
    initialProps: { text: "0 of 40" },
  });
  const look = (at: number) => {
    if (result.current !== last) told.push([at, result.current]);
    last = result.current;
  };
  look(0);
  for (let done = 1; done <= 40; done++) {
    rerender({ text: `${done} of 40` });
    act(() => void vi.advanceTimersByTime(400));
    look(done * 400);
  }
  act(() => void vi.advanceTimersByTime(SAID_EVERY_MS));
  look(40 * 400 + SAID_EVERY_MS);
  expect(told[0]).toEqual([0, "0 of 40"]);
  expect(told.at(-1)![1]).toBe("40 of 40");
  expect(told.length).toBeGreaterThan(3);
  const waits = told.slice(1).map(([at], index) => at - told[index]![0]);
  for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(SAID_EVERY_MS - 400);
});

it("says a new text at once after a while of silence", () => {
  const { rerender, result } = renderHook(({ text }) => useSpoken(text), {
    initialProps: { text: "waiting" },
  });
  act(() => void vi.advanceTimersByTime(2 * SAID_EVERY_MS));
  rerender({ text: "1 of 40" });
  act(() => void vi.advanceTimersByTime(1));
  expect(result.current).toBe("1 of 40");
});
