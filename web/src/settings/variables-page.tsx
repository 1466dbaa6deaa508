/** The values that all workflows of the workspace read. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Braces, Pencil, Plus } from "lucide-react";
import { useCallback, useState } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { SettingsPage } from "./settings-page";
import { VariableDialog } from "./variable-dialog";
import { expressionOf, variablesQuery, written, type Variable, type VariableKind } from "./variables";

const route = getRouteApi("/w/$workspace/settings/variables");

export function VariablesPage() {
  const { uuid, may } = useWorkspace();
  const filters = route.useSearch();
  const query = useInfiniteQuery(variablesQuery(uuid, filters));
  const [edited, setEdited] = useState<Variable | "new" | null>(null);
  const isNarrowed = Object.keys(filters).length > 0;
  return (
    <SettingsPage>
      <Section
        title={t("Variables and secrets")}
        about={t("Values that all workflows of this workspace read. A secret goes in and does not come out.")}
        actions={
          may("variables.create") && (
            <Button kind="primary" onClick={() => setEdited("new")}>
              <Plus aria-hidden /> {t("New variable or secret")}
            </Button>
          )
        }
      >
        <Filters />
        <Listing
          query={query}
          empty={
            <Empty icon={<Braces aria-hidden />} title={isNarrowed ? t("No variable or secret is called so.") : t("No variables and secrets yet")}>
              {isNarrowed
                ? t("Search for something else, or take a filter away.")
                : t("Keep addresses, limits and keys here once, and read them by their names in every workflow.")}
            </Empty>
          }
        >
          {(variables) => <Variables variables={variables} onEdit={setEdited} />}
        </Listing>
      </Section>
      {edited !== null && <VariableDialog {...(edited === "new" ? {} : { variable: edited })} onClose={() => setEdited(null)} />}
    </SettingsPage>
  );
}

function Filters() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const onSearch = useCallback(
    (search: string) => void navigate({ search: ({ search: _, ...others }) => ({ ...others, ...(search && { search }) }), replace: true }),
    [navigate],
  );
  const onKind = (kind: string): void =>
    void navigate({ search: ({ kind: _, ...others }) => ({ ...others, ...(kind && { kind: kind as VariableKind }) }), replace: true });
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchField label={t("Search names and descriptions")} value={filters.search ?? ""} onSearch={onSearch} />
      <Select aria-label={t("Kind")} className="h-9 w-auto" value={filters.kind ?? ""} onChange={(event) => onKind(event.target.value)}>
        <option value="">{t("Variables and secrets")}</option>
        <option value="variable">{t("Variables")}</option>
        <option value="secret">{t("Secrets")}</option>
      </Select>
    </div>
  );
}

function Variables({ variables, onEdit }: { variables: Variable[]; onEdit: (variable: Variable) => void }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const remove = async (variable: Variable): Promise<void> => {
    await api.DELETE("/api/v1/variables/{variable_uuid}", { params: { path: { variable_uuid: variable.uuid }, query: { workspace_uuid: uuid } } });
    await client.invalidateQueries({ queryKey: ["variables", uuid] });
  };
  const columns: Column<Variable>[] = [
    {
      id: "name",
      label: "Name",
      show: (each) => (
        <>
          <code className="font-medium break-all">{each.name}</code>
          {each.kind === "secret" && <Badge className="ms-2">{t("Secret")}</Badge>}
          {each.description && (
            <span dir="auto" className="block text-xs break-words text-muted">
              {each.description}
            </span>
          )}
        </>
      ),
    },
    {
      id: "value",
      label: "Value",
      isMinor: true,
      className: "max-w-72",
      show: (each) => <code className="line-clamp-2 text-muted">{each.kind === "secret" ? (each.hint ?? "…") : <span className="break-all">{written(each.value)}</span>}</code>,
    },
    {
      id: "expression",
      label: "In an expression",
      isMinor: true,
      show: (each) => (
        <span className="flex items-center gap-1">
          <code className="text-xs break-all text-muted">{expressionOf(each)}</code>
          <CopyButton label={t("Copy the expression of {name}", { name: each.name })} text={expressionOf(each)} />
        </span>
      ),
    },
    {
      id: "actions",
      label: null,
      isNumber: true,
      show: (each) => (
        <>
          {may("variables.update") && (
            <IconButton label={t("Edit {name}", { name: each.name })} onClick={() => onEdit(each)}>
              <Pencil />
            </IconButton>
          )}
          {may("variables.delete") && (
            <RemoveButton name={each.name} title={t("Delete {name}?", { name: each.name })} onRemove={() => remove(each)}>
              {t("Workflows that read it fail from then on.")}
            </RemoveButton>
          )}
        </>
      ),
    },
  ];
  return <Table label={t("Variables and secrets")} rows={variables} keyOf={(each) => each.uuid} columns={columns} />;
}
