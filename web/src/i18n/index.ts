/** The texts of the pages: English in the code, other languages by it. */
import { useSyncExternalStore } from "react";

import { de } from "./de";

export type Language = "en" | "de";

const KEPT = "athena.language";
const LANGUAGES: Record<Language, Record<string, string>> = { en: {}, de };
const listeners = new Set<() => void>();

let language: Language = start();

function start(): Language {
  if (typeof localStorage === "undefined") return "en";
  const kept = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  return kept === "de" ? "de" : "en";
}

/** A text in the user's language, with `{name}` filled in. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  const found = LANGUAGES[language][text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function currentLanguage(): Language {
  return language;
}

export function setLanguage(chosen: Language): void {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  for (const listener of listeners) listener();
}

/** Has a component shown anew when the language changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => language,
  );
}
