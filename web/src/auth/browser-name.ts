/** The browser and its system in a few words, by which a user knows a sign-in again. Pure. */

// The first that is found: later ones call themselves by the names of earlier ones.
const BROWSERS = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
] as const;
const SYSTEMS = [
  [/Windows/, "Windows"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
] as const;

export function browserName(agent: string): string {
  const find = (all: readonly (readonly [RegExp, string])[]): string | undefined => all.find(([mark]) => mark.test(agent))?.[1];
  return [find(BROWSERS) ?? "Console", find(SYSTEMS)].filter(Boolean).join(", ");
}
