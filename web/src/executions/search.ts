/** The filters of executions as they stand in the address, and as the API takes them. */
import { given } from "@/api/lists";
import { beginOfDay } from "@/zone";

export const STATUSES = ["queued", "running", "waiting", "succeeded", "failed", "cancelled"] as const;
export const TRIGGERS = ["manual", "api", "webhook", "schedule", "event", "error", "agent", "workflow", "retry"] as const;
export const PERIODS = { hour: 3600, day: 86_400, week: 604_800, month: 2_592_000 } as const;

export type Status = (typeof STATUSES)[number];
export type Trigger = (typeof TRIGGERS)[number];
export type Period = keyof typeof PERIODS;

export interface ExecutionFilters {
  status?: Status;
  workflow?: string;
  trigger?: Trigger;
  /** The time until now. */
  period?: Period;
  /** Days, inclusive, in the user's time zone; in place of `period`. */
  from?: string;
  to?: string;
  /** In seconds. */
  longer?: number;
  /** The code of the error. */
  error?: string;
  fingerprint?: string;
  /** The execution that they are retries of. */
  source?: string;
  search?: string;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function validateFilters(search: Record<string, unknown>): ExecutionFilters {
  const longer = Number(search["longer"]);
  return given({
    status: oneOf(STATUSES, search["status"]),
    workflow: text(search["workflow"]),
    trigger: oneOf(TRIGGERS, search["trigger"]),
    period: oneOf(Object.keys(PERIODS) as Period[], search["period"]),
    from: day(search["from"]),
    to: day(search["to"]),
    longer: longer > 0 ? longer : undefined,
    error: text(search["error"]),
    fingerprint: text(search["fingerprint"]),
    source: text(search["source"]),
    // An address that reads like a number is parsed as one.
    search: text(typeof search["search"] === "number" ? String(search["search"]) : search["search"]),
  });
}

export function oneOf<Each extends string>(all: readonly Each[], found: unknown): Each | undefined {
  return all.find((each) => each === found);
}

export function text(found: unknown): string | undefined {
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function day(found: unknown): string | undefined {
  return typeof found === "string" && DATE.test(found) && !Number.isNaN(Date.parse(found)) ? found : undefined;
}

/** As the API takes them; times are those of the user's calendar, and `now` is given for relative ones. */
export function asQuery(filters: ExecutionFilters, now: number) {
  return given({
    status: filters.status,
    workflow_uuid: filters.workflow,
    trigger: filters.trigger,
    created_after: filters.period ? new Date(now - PERIODS[filters.period] * 1000).toISOString() : beginOf(filters.from, 0),
    created_before: filters.period ? undefined : beginOf(filters.to, 1),
    min_duration_ms: filters.longer === undefined ? undefined : filters.longer * 1000,
    error_code: filters.error,
    error_fingerprint: filters.fingerprint,
    source_execution_uuid: filters.source,
    search: filters.search,
  });
}

/** The begin of a day, or of one `later`, where the user is. */
export function beginOf(date: string | undefined, later: number): string | undefined {
  if (date === undefined) return undefined;
  const [year, month, each] = date.split("-").map(Number) as [number, number, number];
  return beginOfDay(year, month, each + later).toISOString();
}
