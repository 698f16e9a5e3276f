import { useSyncExternalStore } from "react";
import { recall, remember } from "./storage.ts";

/** What the user chose. */
export type Theme = "system" | "light" | "dark";

const listeners = new Set<() => void>();

function current(): Theme {
  const chosen = document.documentElement.dataset.theme ?? recall("theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** Chooses a theme for this browser. */
export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember("theme", theme === "system" ? null : theme);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(listener);
  media.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    media.removeEventListener("change", listener);
  };
}

/** The chosen theme. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current);
}

/** Whether the page is dark now; changes when the system's theme does. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => {
    const theme = current();
    return theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  });
}
