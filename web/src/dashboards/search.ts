/** The period and what is narrowed, as they stand in the address, and as the API takes them. */
import { given } from "@/api/lists";
import { beginOf, day, oneOf, text } from "@/executions/search";
import { beginOfDay, dateOf, timeZone } from "@/zone";

export const DAYS = [1, 7, 30, 90, 365] as const;
export const INTERVALS = ["hour", "day", "week", "month"] as const;
export const METRICS = ["agents", "workflows", "threads", "messages", "workflow-executions"] as const;

export type Days = (typeof DAYS)[number];
export type Interval = (typeof INTERVALS)[number];
export type Metric = (typeof METRICS)[number];

export interface DashboardSearch {
  metric?: Metric;
  /** Whole days with today; 30 without it. */
  days?: Days;
  /** Days, inclusive, in place of `days`. */
  from?: string;
  to?: string;
  interval?: Interval;
  agent?: string;
  workflow?: string;
  model?: string;
}

export function validateDashboard(search: Record<string, unknown>): DashboardSearch {
  return given({
    metric: oneOf(METRICS, search["metric"]),
    days: oneNumber(DAYS, search["days"]),
    from: day(search["from"]),
    to: day(search["to"]),
    interval: oneOf(INTERVALS, search["interval"]),
    agent: text(search["agent"]),
    workflow: text(search["workflow"]),
    model: text(search["model"]),
  });
}

export function oneNumber<Each extends number>(all: readonly Each[], found: unknown): Each | undefined {
  return all.find((each) => each === Number(found));
}

/** The period in the user's calendar; hours of a day or two, else days, unless an interval is chosen. */
export function periodOf(search: DashboardSearch, now: Date) {
  const days = search.days ?? 30;
  const [year, month, today] = dateOf(now);
  const begin = beginOfDay(year, month, today - days + 1).toISOString();
  const isOwn = search.from !== undefined || search.to !== undefined;
  return given({
    from: isOwn ? beginOf(search.from, 0) : begin,
    to: beginOf(search.to, 1),
    interval: search.interval ?? (!isOwn && days === 1 ? ("hour" as const) : ("day" as const)),
    timezone: timeZone(),
  });
}
