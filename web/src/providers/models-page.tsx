import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Cpu } from "lucide-react";
import { useCallback } from "react";

import type { Model } from "@/api/client";
import { formatCost, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { CAPABILITIES, modelListQuery, providerChoicesQuery } from "./queries";

const route = getRouteApi("/w/$workspace/models");

const CAPABILITY_LABELS: Record<string, { label: string }> = {
  tools: { label: "Tools" },
  vision: { label: "Images" },
  json: { label: "JSON" },
  reasoning: { label: "Reasoning" },
  embeddings: { label: "Embeddings" },
};

const COLUMNS: readonly Column<Model>[] = [
  {
    id: "name",
    label: "Model",
    show: (model) => (
      <>
        <span className="font-medium">{model.display_name}</span>{" "}
        {model.status === "deprecated" && <Badge tone="warning">{t("Deprecated")}</Badge>}
        <code className="block text-xs break-all text-muted">{model.name}</code>
      </>
    ),
  },
  { id: "provider", label: "Provider", isMinor: true, show: (model) => model.provider?.name ?? "–" },
  {
    id: "capabilities",
    label: "Can do",
    isMinor: true,
    show: (model) => (
      <span className="flex flex-wrap gap-1">
        {model.capabilities.map((each) => (
          <Badge key={each}>{t(CAPABILITY_LABELS[each]?.label ?? each)}</Badge>
        ))}
      </span>
    ),
  },
  { id: "context", label: "Context", isNumber: true, show: (model) => known(model.context_window, formatNumber) },
  { id: "input", label: "Input price", isNumber: true, isMinor: true, show: (model) => known(model.input_price, formatCost) },
  { id: "output", label: "Output price", isNumber: true, isMinor: true, show: (model) => known(model.output_price, formatCost) },
];

function known(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}

export function ModelsPage() {
  const { uuid } = useWorkspace();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(modelListQuery(uuid, filters));
  const providers = useQuery(providerChoicesQuery(uuid));
  const onSearch = useCallback(
    (search: string) => void navigate({ search: (before) => ({ ...before, search }), replace: true }),
    [navigate],
  );
  return (
    <Page title={t("Models")} about={t("What can answer. Prices are in US dollars for a million tokens.")}>
      <div className="flex flex-wrap gap-2">
        <SearchField label={t("Search models")} value={filters.search ?? ""} onSearch={onSearch} />
        <Select
          aria-label={t("Provider")}
          className="h-9 w-44"
          value={filters.provider ?? ""}
          onChange={(event) => {
            const provider = event.target.value;
            void navigate({ search: ({ provider: _former, ...others }) => (provider ? { ...others, provider } : others), replace: true });
          }}
        >
          <option value="">{t("All providers")}</option>
          {providers.data?.map((each) => (
            <option key={each.uuid} value={each.uuid}>
              {each.name}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t("Can do")}
          className="h-9 w-40"
          value={filters.capability ?? ""}
          onChange={(event) => {
            const capability = CAPABILITIES.find((each) => each === event.target.value);
            void navigate({ search: ({ capability: _former, ...others }) => (capability ? { ...others, capability } : others), replace: true });
          }}
        >
          <option value="">{t("Anything")}</option>
          {CAPABILITIES.map((each) => (
            <option key={each} value={each}>
              {t(CAPABILITY_LABELS[each]?.label ?? each)}
            </option>
          ))}
        </Select>
      </div>
      <Listing
        query={query}
        empty={
          <Empty icon={<Cpu aria-hidden />} title={t("No model is like this")}>
            <Link to="/w/$workspace/providers" params={{ workspace: uuid }} className="text-accent-ink underline">
              {t("Connect a provider")}
            </Link>
          </Empty>
        }
      >
        {(models) => <Table label={t("Models")} columns={COLUMNS} rows={models} keyOf={(model) => model.uuid} />}
      </Listing>
    </Page>
  );
}
