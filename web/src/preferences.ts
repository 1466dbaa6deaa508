/** How the user wants the pages to be, as it is kept with the account; what is not set is as the browser has it. */
import type { Schemas } from "@/api/client";
import { setLocale } from "@/format";
import { currentLanguage, setLanguage, type Language } from "@/i18n";
import { setTheme } from "@/shell/theme";
import { setTimeZone } from "@/zone";

export type Preferences = Schemas["UserPreferences"];

const LANGUAGES: readonly string[] = ["en", "de"] satisfies Language[];

/** Has the pages follow them; a browser that does not know a locale or a zone keeps its own. */
export function applyPreferences({ language, locale, time_zone, theme }: Preferences): void {
  setLocale(known(locale, (name) => new Intl.NumberFormat(name)));
  setTimeZone(known(time_zone, (name) => new Intl.DateTimeFormat("en", { timeZone: name })));
  if (theme !== null) setTheme(theme);
  if (language !== null && LANGUAGES.includes(language) && language !== currentLanguage()) void setLanguage(language as Language);
}

function known(name: string | null, make: (name: string) => unknown): string | undefined {
  try {
    if (name !== null) make(name);
    return name ?? undefined;
  } catch {
    return undefined;
  }
}
