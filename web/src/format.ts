/** Numbers and times as the user's language has them. */
import { currentLanguage } from "@/i18n";
import { timeZone } from "@/zone";

let chosen: string | undefined;

/** How numbers and times are written, whatever the language of the texts; `undefined`: as that has it. */
export function setLocale(name: string | undefined): void {
  chosen = name;
}

/** A date in words where it is near. */
export function formatTime(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: timeZone() }).format(new Date(at));
}

/** A moment by the parts of it that are named. */
export function formatMoment(at: string, parts: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), { ...parts, timeZone: timeZone() }).format(new Date(at));
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** A part of one as per cent. */
export function formatPercent(value: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(value);
}

/** US dollars, with as many digits as a small amount needs. */
export function formatCost(value: number): string {
  const digits = value > 0 && value < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
  return new Intl.NumberFormat(locale(), { style: "currency", currency: "USD", ...digits }).format(value);
}

/** How long something took, in the two greatest units that it has. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return unit(Math.round(milliseconds), "millisecond");
  if (milliseconds < 60_000) return unit(Math.round(milliseconds / 100) / 10, "second");
  const seconds = Math.round(milliseconds / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "day"],
    [Math.floor(seconds / 3600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, name]) => unit(amount, name))
    .join(" ");
}

function unit(amount: number, name: string): string {
  return new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "narrow" }).format(amount);
}

export function formatBytes(value: number): string {
  const kilobytes = value / 1024;
  const [amount, name] = kilobytes < 1024 ? [Math.max(1, kilobytes), "kilobyte"] : [kilobytes / 1024, "megabyte"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit: name as string, maximumFractionDigits: 1 }).format(
    amount as number,
  );
}

/** What the user chose, or else the browser's variant of the language, such as British dates in English. */
function locale(): string {
  if (chosen !== undefined) return chosen;
  const language = currentLanguage();
  return typeof navigator !== "undefined" && navigator.language.startsWith(language) ? navigator.language : language;
}
