import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useEffect, useState } from "react";

import { given } from "@/api/lists";
import { formatCost, formatDuration, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { BulkBar } from "./bulk-bar";
import { CountsBar } from "./counts-bar";
import { ExecutionTabs } from "./execution-tabs";
import { Filters } from "./filters";
import { nameOf } from "./names";
import { countsQuery, executionsQuery, refreshExecutions, type Execution } from "./queries";
import type { ExecutionFilters } from "./search";
import { StatusBadge, triggerName } from "./status";
import { ViewsMenu } from "./views-menu";

const REFRESH_MILLISECONDS = 3_000;
const route = getRouteApi("/w/$workspace/executions");

export function ExecutionsPage() {
  const { uuid, may } = useWorkspace();
  const filters = route.useSearch();
  const navigate = useNavigate();
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const query = useInfiniteQuery(executionsQuery(uuid, filters));
  useRefresh(filters);
  const show = (search: ExecutionFilters): void => {
    setMarked(new Set());
    void navigate({ to: "/w/$workspace/executions", params: { workspace: uuid }, search, replace: true });
  };
  const canMark = may("workflow_executions.retry") || may("workflow_executions.cancel");
  return (
    <Page title={t("Executions")} about={t("What workflows did, are doing, and wait for.")} actions={<ViewsMenu key={uuid} filters={filters} />}>
      <ExecutionTabs filters={filters} />
      <Filters filters={filters} onChange={(changes) => show(given({ ...filters, ...changes }))} onClear={() => show({})} />
      <CountsBar filters={filters} />
      {canMark && <BulkBar filters={filters} selected={[...marked]} onDone={() => setMarked(new Set())} />}
      <Listing query={query} empty={<NoExecutions isNarrowed={Object.keys(filters).length > 0} />}>
        {(executions) => (
          <Table
            label={t("Executions")}
            columns={[...(canMark ? [markColumn(executions, marked, setMarked)] : []), ...COLUMNS]}
            rows={executions}
            keyOf={(each) => each.uuid}
            onOpen={(each) => void navigate({ to: "/w/$workspace/executions/$execution", params: { workspace: uuid, execution: each.uuid } })}
          />
        )}
      </Listing>
    </Page>
  );
}

/** While something runs, what is shown is asked for again and again. */
function useRefresh(filters: ExecutionFilters): void {
  const { uuid } = useWorkspace();
  const { data: counts } = useQuery(countsQuery(uuid, filters));
  const isLive = counts !== undefined && counts.queued + counts.running + counts.waiting > 0;
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => !document.hidden && void refreshExecutions(uuid), REFRESH_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isLive, uuid]);
}

function markColumn(
  executions: readonly Execution[],
  marked: ReadonlySet<string>,
  setMarked: (marked: ReadonlySet<string>) => void,
): Column<Execution> {
  const toggle = (uuid: string): void => {
    const changed = new Set(marked);
    if (!changed.delete(uuid)) changed.add(uuid);
    setMarked(changed);
  };
  const areAll = executions.every((each) => marked.has(each.uuid));
  return {
    id: "mark",
    label: "Mark",
    heading: (
      <MarkBox label={t("Mark all shown")} isOn={areAll} onChange={() => setMarked(new Set(areAll ? [] : executions.map((each) => each.uuid)))} />
    ),
    className: "w-8 pe-0",
    show: (each) => (
      <MarkBox label={t("Mark {name}", { name: `${nameOf(each)}, ${formatTime(each.created_at)}` })} isOn={marked.has(each.uuid)} onChange={() => toggle(each.uuid)} />
    ),
  };
}

function MarkBox({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: () => void }) {
  return (
    <label className="-m-2 inline-flex size-9 items-center justify-center">
      <input type="checkbox" aria-label={label} checked={isOn} onChange={onChange} className="size-4 accent-accent" />
    </label>
  );
}

const COLUMNS: readonly Column<Execution>[] = [
  {
    id: "workflow",
    label: "Workflow",
    show: (each) => (
      <div className="max-w-36 min-w-24 sm:max-w-80">
        <ExecutionLink execution={each} />
        {each.error && <p className="truncate text-xs text-danger" title={each.error.message}>{each.error.message}</p>}
      </div>
    ),
  },
  { id: "status", label: "Status", show: (each) => <StatusBadge status={each.status} /> },
  { id: "trigger", label: "Trigger", isMinor: true, show: (each) => triggerName(each.trigger) },
  { id: "time", label: "Begun", isMinor: true, isNumber: true, show: (each) => formatTime(each.created_at) },
  { id: "duration", label: "Duration", isMinor: true, isNumber: true, show: (each) => (each.duration_ms === null ? "–" : formatDuration(each.duration_ms)) },
  { id: "cost", label: "Cost", isMinor: true, isNumber: true, show: (each) => (each.usage ? formatCost(each.usage.cost) : "–") },
];

function ExecutionLink({ execution }: { execution: Execution }) {
  const { uuid } = useWorkspace();
  return (
    <Link to="/w/$workspace/executions/$execution" params={{ workspace: uuid, execution: execution.uuid }} dir="auto" className="block truncate font-medium hover:underline">
      {nameOf(execution)}
    </Link>
  );
}

function NoExecutions({ isNarrowed }: { isNarrowed: boolean }) {
  return (
    <Empty icon={<Activity aria-hidden />} title={isNarrowed ? t("No execution matches") : t("Nothing has run yet")}>
      {isNarrowed ? t("Take a filter away to see more.") : t("Each run of a workflow stands here, with what each of its nodes did.")}
    </Empty>
  );
}
