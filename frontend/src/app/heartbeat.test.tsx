import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "../api/queries";
import { HEALTH_EVERY_MS, useHeartbeat } from "./heartbeat";

// Before the client takes it up.
const server = vi.hoisted(() => {
  const says = { version: "1.0", model: "atlas" as string | null };
  globalThis.fetch = async (asked) => {
    const health = (asked as Request).url.endsWith("health");
    return Response.json(health ? { ...says } : []);
  };
  return says;
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  queryClient.clear();
  vi.useRealTimers();
});

it("sees another version, and another model, of a server that was never seen away", async () => {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
  );
  const { result } = renderHook(() => useHeartbeat(), { wrapper });
  await act(() => vi.advanceTimersByTimeAsync(HEALTH_EVERY_MS));
  expect(result.current.updated).toBeNull();
  const asked = vi.spyOn(queryClient, "invalidateQueries");
  Object.assign(server, { version: "2.0", model: null });
  await act(() => vi.advanceTimersByTimeAsync(HEALTH_EVERY_MS + 1000));
  expect(result.current.updated).toBe("2.0");
  expect(asked).toHaveBeenCalledWith({ queryKey: ["model"] });
});
