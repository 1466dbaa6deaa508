/** The filters of the log of changes as they stand in the address, and as the API takes them. */
import { given } from "@/api/lists";
import { beginOf, day, oneOf, PERIODS, text, type Period } from "@/executions/search";

export interface AuditFilters {
  actor?: string;
  action?: string;
  /** The type of what was changed, such as `agent`. */
  resource?: string;
  /** The uuid of what was changed. */
  id?: string;
  /** The time until now. */
  period?: Period;
  /** Days, inclusive, in the user's time zone; in place of `period`. */
  from?: string;
  to?: string;
}

export interface AuditSearch extends AuditFilters {
  /** The entry that is shown in full. */
  entry?: string;
}

export function validateAudit(search: Record<string, unknown>): AuditSearch {
  return given({
    actor: text(search["actor"]),
    action: text(search["action"]),
    resource: text(search["resource"]),
    id: text(search["id"]),
    period: oneOf(Object.keys(PERIODS) as Period[], search["period"]),
    from: day(search["from"]),
    to: day(search["to"]),
    entry: text(search["entry"]),
  });
}

export function auditQueryOf(filters: AuditFilters, now: number) {
  return given({
    actor_user_uuid: filters.actor,
    action: filters.action,
    resource_type: filters.resource,
    resource_uuid: filters.id,
    created_after: filters.period ? new Date(now - PERIODS[filters.period] * 1000).toISOString() : beginOf(filters.from, 0),
    created_before: filters.period ? undefined : beginOf(filters.to, 1),
  });
}
