/** Changes of an agent, with what they name by its uuid called by its name. Pure. */
import { t } from "@/i18n";

export type Names = ReadonlyMap<string, string>;

/** The lines of a change; a list of uuids is told entry by entry, and what stays in it as well. */
export function linesOf(before: unknown, after: unknown, names: Names): string[] {
  if (isList(before) && isList(after) && [...before, ...after].every((each) => isUuid(each))) {
    const kept = after.filter((each) => before.includes(each));
    if (kept.length === after.length && kept.length === before.length) {
      // Only the order is another one.
      return [...before.map((each) => `- ${named(each, names)}`), ...after.map((each) => `+ ${named(each, names)}`)];
    }
    return [
      ...kept.map((each) => `  ${named(each, names)}`),
      ...before.filter((each) => !after.includes(each)).map((each) => `- ${named(each, names)}`),
      ...after.filter((each) => !before.includes(each)).map((each) => `+ ${named(each, names)}`),
    ];
  }
  return [`- ${written(before, names)}`, `+ ${written(after, names)}`];
}

function written(value: unknown, names: Names): string {
  if (value === null || value === undefined || (isList(value) && value.length === 0)) return "–";
  if (typeof value === "string") return isUuid(value) ? named(value, names) : value;
  return JSON.stringify(value, (_, each: unknown) => (isUuid(each) ? named(each, names) : each), 2);
}

function named(uuid: unknown, names: Names): string {
  return names.get(String(uuid)) ?? t("deleted since ({uuid})", { uuid: String(uuid) });
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(value);
}
