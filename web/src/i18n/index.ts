/** The texts of the pages: English in the code, other languages by it, loaded when they are chosen. */
import { useSyncExternalStore } from "react";

export type Language = "en" | "de";

const KEPT = "athena.language";
const TEXTS: Record<Language, () => Promise<Record<string, string>>> = {
  en: async () => ({}),
  de: async () => (await import("./de")).de,
};
const listeners = new Set<() => void>();

let language: Language = "en";
let writing = 0;
let texts: Record<string, string> = {};

/** Has the pages begin in the language that the user chose, or else has in the browser. */
export async function startLanguage(): Promise<void> {
  const wanted = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  if (wanted === "de") await use(wanted);
}

async function use(chosen: Language): Promise<void> {
  texts = await TEXTS[chosen]();
  language = chosen;
  document.documentElement.lang = chosen;
}

/** A text in the user's language, with `{name}` filled in. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  const found = texts[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function currentLanguage(): Language {
  return language;
}

export async function setLanguage(chosen: Language): Promise<void> {
  await use(chosen);
  localStorage.setItem(KEPT, chosen);
  refresh();
}

/** Has everything written anew, because it is written another way now. */
export function refresh(): void {
  writing += 1;
  for (const listener of listeners) listener();
}

/** Changes with how everything is written. */
export function useWriting(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => writing,
  );
}
