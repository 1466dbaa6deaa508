/** Numbers and times as the user's language has them. */
import { currentLanguage } from "@/i18n";

/** A date in words where it is near. */
export function formatTime(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** US dollars, with as many digits as a small amount needs. */
export function formatCost(value: number): string {
  const digits = value > 0 && value < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
  return new Intl.NumberFormat(locale(), { style: "currency", currency: "USD", ...digits }).format(value);
}

export function formatBytes(value: number): string {
  const kilobytes = value / 1024;
  const [amount, unit] = kilobytes < 1024 ? [Math.max(1, kilobytes), "kilobyte"] : [kilobytes / 1024, "megabyte"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit: unit as string, maximumFractionDigits: 1 }).format(
    amount as number,
  );
}

/** The user's own variant of the language, such as British dates in English. */
function locale(): string {
  const chosen = currentLanguage();
  return typeof navigator !== "undefined" && navigator.language.startsWith(chosen) ? navigator.language : chosen;
}
