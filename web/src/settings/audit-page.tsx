import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Download, History, User, X } from "lucide-react";

import { api, value, type Schemas } from "@/api/client";
import { given, listOptions } from "@/api/lists";
import { PeriodFilter } from "@/executions/filters";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Menu, MenuItem } from "@/ui/menu";
import { Section } from "@/ui/page";
import { Picker } from "@/ui/picker";
import { Empty } from "@/ui/state";
import { Table } from "@/ui/table";

import { actorName } from "./audit-actor";
import { EntryDialog } from "./audit-entry";
import { auditQueryOf, validateAudit, type AuditFilters, type AuditSearch } from "./audit-search";
import { EventName } from "./event-name";
import { SettingsPage } from "./settings-page";
import { eventTypesQuery } from "./webhook-queries";

type AuditEvent = Schemas["AuditEvent"];
type Changes = { [Name in keyof AuditSearch]: AuditSearch[Name] | undefined };

const route = getRouteApi("/w/$workspace/settings/audit");
const ANYONE = "";

const auditQuery = (workspace: string, filters: AuditFilters) =>
  listOptions(["audit", workspace, filters], (cursor, signal) =>
    value(
      api.GET("/api/v1/audit-events", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, with: "actor", ...auditQueryOf(filters, Date.now()) } },
        signal,
      }),
    ),
  );

export function AuditPage() {
  const { uuid } = useWorkspace();
  const { entry, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(auditQuery(uuid, filters));
  const show = (search: AuditSearch): void => void navigate({ search, replace: true });
  const change = (changes: Changes): void => show(validateAudit(given({ ...filters, ...changes })));
  return (
    <SettingsPage>
      <Section title={t("Audit log")} about={t("Who did what here. Nobody can change it.")} actions={<ExportMenu filters={filters} />}>
        <AuditFilterBar filters={filters} onChange={change} onClear={() => show({})} />
        <Listing
          query={query}
          empty={
            <Empty icon={<History aria-hidden />} title={t("No entries")}>
              {t("Nothing that was done matches these filters.")}
            </Empty>
          }
        >
          {(events) => <Entries events={events} onOpen={(event) => change({ entry: event.uuid })} />}
        </Listing>
      </Section>
      {entry !== undefined && <EntryDialog key={entry} entry={entry} onClose={() => show(filters)} onNarrow={show} />}
    </SettingsPage>
  );
}

function Entries({ events, onOpen }: { events: readonly AuditEvent[]; onOpen: (event: AuditEvent) => void }) {
  return (
    <Table
      label={t("Audit log")}
      rows={events}
      keyOf={(event) => event.uuid}
      onOpen={onOpen}
      columns={[
        {
          id: "action",
          label: "Action",
          show: (event) => (
            <button type="button" className="text-start hover:underline" onClick={() => onOpen(event)}>
              <EventName name={event.action} />
            </button>
          ),
        },
        { id: "actor", label: "By", show: (event) => <span className="break-words">{actorName(event)}</span> },
        { id: "changed", label: "Changed", isMinor: true, show: (event) => <span className="line-clamp-1 break-all text-muted">{changedOf(event)}</span> },
        { id: "time", label: "Time", isNumber: true, show: (event) => <span className="max-md:whitespace-normal">{formatTime(event.created_at)}</span> },
      ]}
    />
  );
}

function changedOf(event: AuditEvent): string {
  const changed = event.details["changed"];
  return Array.isArray(changed) ? changed.join(", ") : "";
}

function ExportMenu({ filters }: { filters: AuditFilters }) {
  const { uuid } = useWorkspace();
  const address = (format: string): string =>
    `/api/v1/audit-events/export?${new URLSearchParams({ workspace_uuid: uuid, format, ...auditQueryOf(filters, Date.now()) })}`;
  const trigger = (
    <Button>
      <Download aria-hidden /> {t("Export")}
    </Button>
  );
  return (
    <Menu trigger={trigger} align="end">
      {[
        { format: "csv", name: "CSV" },
        { format: "jsonl", name: "JSON Lines" },
      ].map(({ format, name }) => (
        <MenuItem key={format} asChild>
          <a href={address(format)} download>
            {name}
          </a>
        </MenuItem>
      ))}
    </Menu>
  );
}

interface FilterBarProps {
  filters: AuditFilters;
  onChange: (changes: Changes) => void;
  onClear: () => void;
}

function AuditFilterBar({ filters, onChange, onClear }: FilterBarProps) {
  const { uuid } = useWorkspace();
  const { data: types = [] } = useQuery(eventTypesQuery(uuid));
  const resources = [...new Set(types.map((each) => each.family.replace(".*", "")))];
  const actions = types.map((each) => each.name).filter((name) => !filters.resource || name.startsWith(`${filters.resource}.`));
  return (
    <div className="flex flex-wrap items-center gap-2" role="search" aria-label={t("Filters")}>
      <ActorFilter value={filters.actor} onChange={(actor) => onChange({ actor })} />
      <Select
        aria-label={t("Resource")}
        className="h-9 w-auto"
        value={filters.resource ?? ""}
        onChange={(event) => onChange({ resource: event.target.value || undefined, action: undefined, id: undefined })}
      >
        <option value="">{t("Any resource")}</option>
        {resources.map((each) => (
          <option key={each} value={each}>
            {each.replaceAll("_", " ")}
          </option>
        ))}
      </Select>
      <Select aria-label={t("Action")} className="h-9 w-auto max-w-full" value={filters.action ?? ""} onChange={(event) => onChange({ action: event.target.value || undefined })}>
        <option value="">{t("Any action")}</option>
        {actions.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Select>
      <PeriodFilter filters={filters} onChange={onChange} />
      {filters.id && (
        <code className="rounded-md bg-hover px-2 py-1 text-xs" title={filters.id}>
          {filters.id.slice(0, 8)}
        </code>
      )}
      {Object.keys(filters).length > 0 && (
        <Button kind="ghost" onClick={onClear}>
          <X aria-hidden /> {t("Clear filters")}
        </Button>
      )}
    </div>
  );
}

function ActorFilter({ value: chosen, onChange }: { value: string | undefined; onChange: (actor: string | undefined) => void }) {
  const { uuid } = useWorkspace();
  const { data: members = [] } = useQuery({
    queryKey: ["members", uuid, "actors"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workspaces/{workspace_uuid}/members", { params: { path: { workspace_uuid: uuid }, query: { per_page: 100 } }, signal }),
        )
      ).data,
  });
  const options = members.map((each) => ({ value: each.uuid, label: each.name, detail: each.email }));
  const shown = chosen === undefined ? t("Anyone") : (options.find((each) => each.value === chosen)?.label ?? chosen.slice(0, 8));
  return (
    <Picker
      label={t("By")}
      icon={<User aria-hidden />}
      shown={shown}
      value={chosen ?? ANYONE}
      options={[{ value: ANYONE, label: t("Anyone") }, ...options]}
      onPick={(picked) => onChange(picked || undefined)}
      empty={t("Nothing is called so.")}
    />
  );
}
