/** What agents are checked by. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Plus, ShieldCheck } from "lucide-react";
import { useCallback } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Listing } from "@/ui/listing";
import { Menu } from "@/ui/menu";
import { Page } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { ACTIONS, STAGES } from "./guardrail-form";
import { guardrailsQuery, type Guardrail } from "./queries";
import { TypeItems } from "./type-items";
import { GUARDRAIL_TYPES } from "./types";

const route = getRouteApi("/w/$workspace/guardrails");

export function GuardrailsPage() {
  const workspace = useWorkspace();
  const { search = "" } = route.useSearch();
  const navigate = useNavigate();
  const query = useInfiniteQuery(guardrailsQuery(workspace.uuid, search));
  const onSearch = useCallback(
    (text: string) =>
      void navigate({ to: "/w/$workspace/guardrails", params: { workspace: workspace.uuid }, search: text ? { search: text } : {}, replace: true }),
    [navigate, workspace.uuid],
  );
  return (
    <Page
      title={t("Guardrails")}
      actions={
        workspace.may("guardrails.create") && (
          <Menu
            align="end"
            className="w-80"
            trigger={
              <Button kind="primary">
                <Plus aria-hidden /> {t("New guardrail")}
              </Button>
            }
          >
            <TypeItems
              types={GUARDRAIL_TYPES}
              onChoose={(type) => void navigate({ to: "/w/$workspace/guardrails/new/$type", params: { workspace: workspace.uuid, type } })}
            />
          </Menu>
        )
      }
    >
      <SearchField label={t("Search guardrails")} value={search} onSearch={onSearch} />
      <Listing
        query={query}
        empty={
          <Empty icon={<ShieldCheck aria-hidden />} title={search ? t("There is no such guardrail.") : t("There is no guardrail yet.")}>
            {search ? t("Search for another part of its name or description.") : t("A guardrail checks what agents are asked, say, call and read. Make one, and name it in an agent.")}
          </Empty>
        }
      >
        {(items) => <Guardrails items={items} />}
      </Listing>
    </Page>
  );
}

function Guardrails({ items }: { items: readonly Guardrail[] }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const columns: Column<Guardrail>[] = [
    {
      id: "name",
      label: "Name",
      className: "max-w-96",
      show: (each) => (
        <>
          <Link to="/w/$workspace/guardrails/$guardrail" params={{ workspace: uuid, guardrail: each.uuid }} dir="auto" className="block truncate font-medium hover:underline">
            {each.name}
          </Link>
          <span dir="auto" className="block truncate text-muted">
            {each.description}
          </span>
        </>
      ),
    },
    { id: "type", label: "Looks for", isMinor: true, show: ({ type }) => t(GUARDRAIL_TYPES.find((each) => each.type === type)?.label ?? type) },
    { id: "stages", label: "Checks", isMinor: true, show: ({ stages }) => stages.map((stage) => t(STAGES[stage].label)).join(", "), className: "text-muted" },
    { id: "action", label: "Does", show: (each) => <Action guardrail={each} /> },
    { id: "actions", label: null, isNumber: true, show: (each) => <Remove guardrail={each} /> },
  ];
  return (
    <Table
      label={t("Guardrails")}
      columns={columns}
      rows={items}
      keyOf={(each) => each.uuid}
      onOpen={(each) => void navigate({ to: "/w/$workspace/guardrails/$guardrail", params: { workspace: uuid, guardrail: each.uuid } })}
    />
  );
}

function Action({ guardrail: { enabled, shadow, action } }: { guardrail: Guardrail }) {
  if (!enabled) return <Badge>{t("Off")}</Badge>;
  if (shadow) return <Badge tone="accent">{t("On trial")}</Badge>;
  return <Badge tone={action === "refuse" ? "danger" : "warning"}>{t(ACTIONS[action].label)}</Badge>;
}

function Remove({ guardrail }: { guardrail: Guardrail }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/guardrails/{guardrail_uuid}", { params: { path: { guardrail_uuid: guardrail.uuid }, query: { workspace_uuid: uuid } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["guardrails", uuid] }),
  });
  if (!may("guardrails.delete")) return null;
  return (
    <RemoveButton name={guardrail.name} title={t("Delete this guardrail?")} onRemove={() => remove.mutateAsync()}>
      {t("“{name}” no longer checks any agent.", { name: guardrail.name })}
    </RemoveButton>
  );
}
