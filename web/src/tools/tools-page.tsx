/** What agents and workflows can have done. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Plus, Wrench } from "lucide-react";
import { useCallback } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Menu } from "@/ui/menu";
import { Page } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { toolsQuery, type Tool, type ToolType } from "./queries";
import type { ToolsSearch } from "./routes";
import { TypeItems } from "./type-items";
import { TOOL_TYPES, typeLabel } from "./types";

const route = getRouteApi("/w/$workspace/tools");

export function ToolsPage() {
  const workspace = useWorkspace();
  const { search = "", type } = route.useSearch();
  const navigate = useNavigate();
  const query = useInfiniteQuery(toolsQuery(workspace.uuid, search, type));
  const change = useCallback(
    (changes: { [Name in keyof ToolsSearch]: ToolsSearch[Name] | undefined }) =>
      void navigate({
        to: "/w/$workspace/tools",
        params: { workspace: workspace.uuid },
        search: (before: ToolsSearch) => ({ ...before, ...changes }) as ToolsSearch,
        replace: true,
      }),
    [navigate, workspace.uuid],
  );
  const onSearch = useCallback((text: string) => change({ search: text }), [change]);
  const create = (made: ToolType): void => void navigate({ to: "/w/$workspace/tools/new/$type", params: { workspace: workspace.uuid, type: made } });
  return (
    <Page
      title={t("Tools")}
      actions={
        workspace.may("tools.create") && (
          <Menu
            align="end"
            className="w-80"
            trigger={
              <Button kind="primary">
                <Plus aria-hidden /> {t("New tool")}
              </Button>
            }
          >
            <TypeItems types={TOOL_TYPES} onChoose={create} />
          </Menu>
        )
      }
    >
      <div className="flex flex-wrap items-center gap-2">
        <SearchField label={t("Search tools")} value={search} onSearch={onSearch} />
        <Select aria-label={t("Type")} className="h-9 w-auto" value={type ?? ""} onChange={(event) => change({ type: (event.target.value as ToolType) || undefined })}>
          <option value="">{t("All types")}</option>
          {TOOL_TYPES.map((each) => (
            <option key={each.type} value={each.type}>
              {t(each.label)}
            </option>
          ))}
        </Select>
      </div>
      <Listing query={query} empty={<Nothing isSearch={search !== "" || type !== undefined} />}>
        {(items) => <Tools items={items} />}
      </Listing>
    </Page>
  );
}

function Nothing({ isSearch }: { isSearch: boolean }) {
  return (
    <Empty icon={<Wrench aria-hidden />} title={isSearch ? t("There is no such tool.") : t("There is no tool yet.")}>
      {isSearch ? t("Search for another part of its name or description.") : t("Make one: the time, a request to a server, code of your own. Agents use it once you give it to them.")}
    </Empty>
  );
}

function Tools({ items }: { items: readonly Tool[] }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const columns: Column<Tool>[] = [
    {
      id: "name",
      label: "Name",
      className: "max-w-96",
      show: (each) => (
        <>
          <Link to="/w/$workspace/tools/$tool" params={{ workspace: uuid, tool: each.uuid }} dir="auto" className="block truncate font-medium hover:underline">
            {each.name}
          </Link>
          <span dir="auto" className="block truncate text-muted">
            {each.description}
          </span>
        </>
      ),
    },
    { id: "type", label: "Type", isMinor: true, show: ({ type }) => <span className="text-muted">{t(typeLabel(type))}</span> },
    { id: "functions", label: "Functions", isNumber: true, isMinor: true, show: ({ functions }) => functions.length },
    { id: "state", label: "Status", show: (each) => <State tool={each} /> },
    { id: "actions", label: null, isNumber: true, show: (each) => <Remove tool={each} /> },
  ];
  return (
    <Table
      label={t("Tools")}
      columns={columns}
      rows={items}
      keyOf={(each) => each.uuid}
      onOpen={(each) => void navigate({ to: "/w/$workspace/tools/$tool", params: { workspace: uuid, tool: each.uuid } })}
    />
  );
}

function State({ tool }: { tool: Tool }) {
  if (!tool.enabled) return <Badge>{t("Off")}</Badge>;
  if (tool.requires_approval || tool.approval_condition) return <Badge tone="warning">{t("Needs approval")}</Badge>;
  return <Badge tone="success">{t("On")}</Badge>;
}

function Remove({ tool }: { tool: Tool }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.DELETE("/api/v1/tools/{tool_uuid}", { params: { path: { tool_uuid: tool.uuid }, query: { workspace_uuid: uuid } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["tools", uuid] }),
  });
  if (!may("tools.delete")) return null;
  return (
    <RemoveButton name={tool.name} title={t("Delete this tool?")} onRemove={() => remove.mutateAsync()}>
      {t("“{name}” is taken away from all agents that have it.", { name: tool.name })}
    </RemoveButton>
  );
}
