import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";
export type ThemeChoice = "system" | Theme;

const KEY = "neuronscope.theme";
/** System colours replace the page's own: what is drawn with ours must fit them. */
const forced = window.matchMedia?.("(forced-colors: active)");
const dark = window.matchMedia?.("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function themeChoice(): ThemeChoice {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function effective(): Theme {
  const choice = themeChoice();
  if (choice !== "system" && !forced?.matches) return choice;
  return dark?.matches ? "dark" : "light";
}

function apply(): void {
  document.documentElement.dataset.theme = effective();
  for (const each of listeners) each();
}

export function startTheme(): void {
  dark?.addEventListener("change", apply);
  forced?.addEventListener("change", apply);
  apply();
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, effective);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}
