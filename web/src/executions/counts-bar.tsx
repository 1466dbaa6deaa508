import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { cn } from "@/ui/classes";
import { Failure } from "@/ui/state";

import { countsQuery } from "./queries";
import { STATUSES, type ExecutionFilters, type Status } from "./search";
import { statusName } from "./status";

const COLORS: Record<Status, string> = {
  queued: "bg-strong-line",
  running: "bg-accent",
  waiting: "bg-warning",
  succeeded: "bg-success",
  failed: "bg-danger",
  cancelled: "bg-muted",
};

/** How many executions there are of each status; each part narrows the list to its own. */
export function CountsBar({ filters }: { filters: ExecutionFilters }) {
  const { uuid } = useWorkspace();
  const { data: counts, error, refetch } = useQuery(countsQuery(uuid, filters));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  const { status: chosen, ...others } = filters;
  const all = { label: t("All"), count: counts?.total ?? 0, search: others, isChosen: chosen === undefined, color: null };
  const parts = STATUSES.map((status) => ({
    label: statusName(status),
    count: counts?.[status] ?? 0,
    search: chosen === status ? others : { ...others, status },
    isChosen: chosen === status,
    color: COLORS[status],
  }));
  return (
    <nav aria-label={t("By status")} className="flex flex-col gap-2">
      <div aria-hidden className="flex h-2 gap-0.5 overflow-hidden rounded-full bg-hover">
        {parts.map((part) => part.count > 0 && <span key={part.label} className={cn("min-w-1", part.color)} style={{ flexGrow: part.count }} />)}
      </div>
      <ul className="-mx-1 flex gap-1 overflow-x-auto p-1">
        {[all, ...parts].map((part) => (
          <li key={part.label} className="shrink-0">
            <Link
              to="/w/$workspace/executions"
              params={{ workspace: uuid }}
              search={part.search}
              aria-current={part.isChosen ? "true" : undefined}
              className={cn("flex h-8 items-center gap-2 rounded-lg px-2.5 hover:bg-hover", part.isChosen && "bg-hover font-medium")}
            >
              {part.color && <span aria-hidden className={cn("size-2 rounded-full", part.color)} />}
              {part.label}
              <span className="text-muted tabular-nums">
                {formatNumber(part.count)}
                {part.color === null && counts?.at_least && "+"}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
