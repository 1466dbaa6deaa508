import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";

import { given } from "@/api/lists";
import { formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { ExecutionTabs } from "./execution-tabs";
import { Filters } from "./filters";
import { errorsQuery, type ErrorGroup } from "./queries";
import type { ExecutionFilters } from "./search";

const route = getRouteApi("/w/$workspace/executions/errors");

/** The ways in which executions failed, each with how often. */
export function ErrorsPage() {
  const { uuid } = useWorkspace();
  const filters = route.useSearch();
  const navigate = useNavigate();
  const query = useInfiniteQuery(errorsQuery(uuid, filters));
  const show = (search: ExecutionFilters): void =>
    void navigate({ to: "/w/$workspace/executions/errors", params: { workspace: uuid }, search, replace: true });
  return (
    <Page title={t("Executions")} about={t("What failed alike stands together.")}>
      <ExecutionTabs filters={filters} />
      <Filters filters={filters} onChange={(changes) => show(given({ ...filters, ...changes }))} onClear={() => show({})} />
      <Listing query={query} empty={<Empty icon={<CircleCheck aria-hidden />} title={t("Nothing failed")}>{t("Errors of executions will stand here.")}</Empty>}>
        {(groups) => <Table label={t("Errors")} columns={COLUMNS} rows={groups} keyOf={(each) => `${each.workflow_uuid} ${each.error_fingerprint}`} />}
      </Listing>
    </Page>
  );
}

const COLUMNS: readonly Column<ErrorGroup>[] = [
  {
    id: "error",
    label: "Error",
    show: (each) => (
      <div className="max-w-xl min-w-40">
        <GroupLink group={each} />
        <p className="text-xs text-muted">
          <code className="break-all">{each.code}</code>
          {each.node_id !== null && ` · ${t("at {node}", { node: each.node_id })}`}
        </p>
      </div>
    ),
  },
  { id: "count", label: "Times", isNumber: true, show: (each) => formatNumber(each.count) },
  { id: "first", label: "First", isMinor: true, isNumber: true, show: (each) => formatTime(each.first_seen_at) },
  { id: "last", label: "Last", isMinor: true, isNumber: true, show: (each) => formatTime(each.last_seen_at) },
];

function GroupLink({ group }: { group: ErrorGroup }) {
  const { uuid } = useWorkspace();
  return (
    <Link
      to="/w/$workspace/executions"
      params={{ workspace: uuid }}
      search={{ status: "failed", fingerprint: group.error_fingerprint, workflow: group.workflow_uuid }}
      dir="auto"
      className="line-clamp-2 font-medium break-words hover:underline"
    >
      {group.message}
    </Link>
  );
}
