/** Light or dark: as the system has it, unless the user says otherwise. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEPT = "athena.theme";
const listeners = new Set<() => void>();

let theme: Theme = (localStorage.getItem(KEPT) as Theme | null) ?? "system";

function apply(): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function setTheme(chosen: Theme): void {
  theme = chosen;
  localStorage.setItem(KEPT, chosen);
  apply();
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
}

apply();
