/** Days on the calendar of the user's time zone, which is the browser's unless the user chose another. Pure but for that choice. */

let chosen: string | undefined;

/** `undefined`: the browser's own. */
export function setTimeZone(name: string | undefined): void {
  chosen = name;
}

export function timeZone(): string {
  return chosen ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The year, month and day that a moment falls on. */
export function dateOf(at: Date): [number, number, number] {
  const [year, month, day] = clock(at);
  return [year, month, day];
}

/** When a day begins; months count from 1, and days may go beyond their month. */
export function beginOfDay(year: number, month: number, day: number): Date {
  const wanted = Date.UTC(year, month - 1, day);
  // What the clocks show is ahead or behind; near a change of them the second look is right.
  const near = wanted - ahead(wanted);
  return new Date(wanted - ahead(near));
}

/** By how many milliseconds the clocks of the zone are ahead of UTC at a moment. */
function ahead(at: number): number {
  const [year, month, day, hour, minute, second] = clock(new Date(at));
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

type Clock = [number, number, number, number, number, number];

// One is made for many moments: that takes longer than using it.
let kept: { zone: string; format: Intl.DateTimeFormat } | undefined;

function formatOf(zone: string): Intl.DateTimeFormat {
  if (kept?.zone === zone) return kept.format;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  kept = { zone, format };
  return format;
}

function clock(at: Date): Clock {
  const parts = new Map(formatOf(timeZone()).formatToParts(at).map((part) => [part.type, Number(part.value)]));
  return (["year", "month", "day", "hour", "minute", "second"] as const).map((name) => parts.get(name) ?? 0) as Clock;
}
