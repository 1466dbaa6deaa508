import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Copy, Download, Ellipsis, FileUp, Plus, Sparkles, Trash2, Workflow as WorkflowIcon } from "lucide-react";
import { useCallback, useState } from "react";

import { api } from "@/api/client";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Menu, MenuItem } from "@/ui/menu";
import { Page } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { CreateDialog, ImportDialog } from "./create-dialogs";
import { created, download } from "./documents";
import { DescribeDialog } from "./generate-dialog";
import { StateBadge, WorkflowBadge } from "./looks";
import { lastExecutionQuery, workflowsQuery, type Workflow } from "./queries";
import type { ListSearch } from "./routes";

const route = getRouteApi("/w/$workspace/workflows");

export function WorkflowsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { uuid } = useWorkspace();
  const open = useOpening();
  const query = useInfiniteQuery(workflowsQuery(uuid, search));
  const isNarrowed = Boolean(search.search || search.status || search.tag);
  const empty = (
    <Empty icon={<WorkflowIcon aria-hidden />} title={isNarrowed ? t("No workflow is like that.") : t("No workflows yet")}>
      {isNarrowed ? (
        <Button onClick={() => void navigate({ search: {} })}>{t("Show all")}</Button>
      ) : (
        t("A workflow does things one after the other: by itself, on a call, or when you start it. Create one, or have it drawn from a description.")
      )}
    </Empty>
  );
  return (
    <Page title={t("Workflows")} actions={<Making />}>
      <Filters search={search} />
      <Listing query={query} empty={empty}>
        {(workflows) => <Table label={t("Workflows")} columns={COLUMNS} rows={workflows} keyOf={(each) => each.uuid} onOpen={(each) => open(each.uuid)} />}
      </Listing>
    </Page>
  );
}

function useOpening(): (workflow: string) => void {
  const navigate = useNavigate();
  const { uuid } = useWorkspace();
  return (workflow) => void navigate({ to: "/w/$workspace/workflows/$workflow", params: { workspace: uuid, workflow } });
}

function Filters({ search }: { search: ListSearch }) {
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: { [name in keyof ListSearch]: ListSearch[name] | undefined }) =>
      void navigate({
        search: (former) => Object.fromEntries(Object.entries({ ...former, ...changes }).filter(([, value]) => value)) as ListSearch,
        replace: true,
      }),
    [navigate],
  );
  const onSearch = useCallback((text: string) => change({ search: text }), [change]);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchField label={t("Search workflows")} value={search.search ?? ""} onSearch={onSearch} />
      <Select aria-label={t("State")} className="h-9 w-auto" value={search.status ?? ""} onChange={(event) => change({ status: event.target.value as Workflow["status"] })}>
        <option value="">{t("All states")}</option>
        <option value="active">{t("Active")}</option>
        <option value="inactive">{t("Inactive")}</option>
        <option value="draft">{t("Draft")}</option>
      </Select>
      <Select aria-label={t("Order")} className="h-9 w-auto" value={search.sort ?? ""} onChange={(event) => change({ sort: event.target.value })}>
        <option value="">{t("Changed last")}</option>
        <option value="-created_at">{t("Newest")}</option>
        <option value="name">{t("Name")}</option>
      </Select>
      {search.tag && (
        <Button className="h-9" onClick={() => change({ tag: undefined })}>
          {t("Tag")}: {search.tag} ×
        </Button>
      )}
    </div>
  );
}

const COLUMNS: readonly Column<Workflow>[] = [
  { id: "name", label: "Name", show: (workflow) => <Named workflow={workflow} /> },
  { id: "status", label: "State", show: (workflow) => <WorkflowBadge status={workflow.status} /> },
  { id: "last", label: "Last execution", show: (workflow) => <LastExecution workflow={workflow} />, isMinor: true },
  { id: "changed", label: "Changed", show: (workflow) => <span className="text-muted">{formatTime(workflow.updated_at)}</span>, isNumber: true, isMinor: true },
  { id: "actions", label: null, show: (workflow) => <Actions workflow={workflow} />, className: "w-10 py-1" },
];

function Named({ workflow }: { workflow: Workflow }) {
  const { uuid } = useWorkspace();
  return (
    <div className="min-w-0">
      <Link
        to="/w/$workspace/workflows/$workflow"
        params={{ workspace: uuid, workflow: workflow.uuid }}
        dir="auto"
        className="font-medium break-words hover:underline"
      >
        {workflow.name}
      </Link>
      {workflow.description && (
        <p dir="auto" className="line-clamp-1 text-xs text-muted">
          {workflow.description}
        </p>
      )}
      {workflow.tags.length > 0 && (
        <p className="mt-1 flex flex-wrap gap-1">
          {workflow.tags.map((tag) => (
            <Link key={tag} to="/w/$workspace/workflows" params={{ workspace: uuid }} search={{ tag }}>
              <Badge>{tag}</Badge>
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}

function LastExecution({ workflow }: { workflow: Workflow }) {
  const { uuid, may } = useWorkspace();
  const { data } = useQuery({ ...lastExecutionQuery(uuid, workflow.uuid), enabled: may("workflow_executions.view") });
  if (!data) return <span className="text-muted">–</span>;
  return (
    <Link
      to="/w/$workspace/workflows/$workflow"
      params={{ workspace: uuid, workflow: workflow.uuid }}
      search={{ execution: data.uuid }}
      className="inline-flex flex-wrap items-center gap-2 hover:underline"
    >
      <StateBadge status={data.status} />
      <span className="text-xs text-muted">{formatTime(data.created_at)}</span>
    </Link>
  );
}

function Making() {
  const { may } = useWorkspace();
  const open = useOpening();
  const [asked, setAsked] = useState<"create" | "import" | "generate" | null>(null);
  if (!may("workflows.create")) return null;
  return (
    <>
      {may("workflows.generate") && (
        <Button onClick={() => setAsked("generate")}>
          <Sparkles aria-hidden /> {t("From a description")}
        </Button>
      )}
      <Button onClick={() => setAsked("import")}>
        <FileUp aria-hidden /> {t("Import")}
      </Button>
      <Button kind="primary" onClick={() => setAsked("create")}>
        <Plus aria-hidden /> {t("New workflow")}
      </Button>
      {asked === "create" && <CreateDialog onDone={(made) => open(made.uuid)} onClose={() => setAsked(null)} />}
      {asked === "import" && <ImportDialog onDone={(made) => open(made.uuid)} onClose={() => setAsked(null)} />}
      {asked === "generate" && (
        <DescribeDialog title={t("A workflow from a description")} workflow={null} isSaved onDone={(made) => made.uuid && open(made.uuid)} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

function Actions({ workflow }: { workflow: Workflow }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const open = useOpening();
  const [isDeleting, setDeleting] = useState(false);
  const reload = () => client.invalidateQueries({ queryKey: ["workflows", uuid] });
  const copy = useMutation({
    mutationFn: () => created(uuid, { ...workflow, name: t("{name} (copy)", { name: workflow.name.slice(0, 240) }) }),
    onSuccess: (made) => {
      void reload();
      open(made.uuid);
    },
    onError: notifyFailure,
  });
  const remove = async (): Promise<void> => {
    await api.DELETE("/api/v1/workflows/{workflow_uuid}", { params: { path: { workflow_uuid: workflow.uuid }, query: { workspace_uuid: uuid } } });
    await reload();
  };
  const trigger = (
    <IconButton label={t("More about {name}", { name: workflow.name })}>
      <Ellipsis />
    </IconButton>
  );
  return (
    <>
      <Menu trigger={trigger} align="end">
        {may("workflows.create") && (
          <MenuItem onSelect={() => copy.mutate()}>
            <Copy aria-hidden /> {t("Duplicate")}
          </MenuItem>
        )}
        <MenuItem onSelect={() => void download(uuid, workflow).catch(notifyFailure)}>
          <Download aria-hidden /> {t("Export")}
        </MenuItem>
        {may("workflows.delete") && (
          <MenuItem onSelect={() => setDeleting(true)}>
            <Trash2 aria-hidden /> {t("Delete")}
          </MenuItem>
        )}
      </Menu>
      {isDeleting && (
        <Confirm title={t("Delete this workflow?")} action={t("Delete")} onConfirm={remove} onClose={() => setDeleting(false)}>
          {t("“{name}” will be gone for good, with its versions; what is unfinished of it is cancelled.", { name: workflow.name })}
        </Confirm>
      )}
    </>
  );
}
