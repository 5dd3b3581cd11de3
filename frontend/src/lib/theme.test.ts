import { renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
  vi.resetModules();
});

async function themeWith(media: readonly string[], chosen: string | null) {
  if (chosen) localStorage.setItem("neuronscope.theme", chosen);
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: media.some((each) => query.includes(each)),
    addEventListener: () => {},
  }));
  const { startTheme, useTheme } = await import("./theme");
  startTheme();
  return [document.documentElement.dataset.theme, renderHook(useTheme).result.current];
}

it("is what was chosen, or what the system has", async () => {
  expect(await themeWith([], "dark")).toEqual(["dark", "dark"]);
  vi.resetModules();
  localStorage.clear();
  expect(await themeWith(["scheme: dark"], null)).toEqual(["dark", "dark"]);
});

it("follows the system under system colours, whatever was chosen", async () => {
  expect(await themeWith(["forced-colors"], "dark")).toEqual(["light", "light"]);
  vi.resetModules();
  expect(await themeWith(["forced-colors", "scheme: dark"], "light")).toEqual(["dark", "dark"]);
});
