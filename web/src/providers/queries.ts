/** Providers, the accounts at them, and the models that those give. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { listOptions } from "@/api/lists";

export type Provider = Schemas["Provider"];
export type Account = Schemas["Account"];

export const KINDS = ["llm", "embedding", "mcp", "http"] as const;
export const CAPABILITIES = ["tools", "vision", "json", "reasoning", "embeddings"] as const;
export type Kind = (typeof KINDS)[number];
export type Capability = (typeof CAPABILITIES)[number];

export const KIND_LABELS: Record<Kind, { label: string }> = {
  llm: { label: "Models" },
  embedding: { label: "Embeddings" },
  mcp: { label: "Tools (MCP)" },
  http: { label: "HTTP API" },
};

export interface ProviderFilters {
  search?: string;
  kind?: Kind;
}

export const providersQuery = (workspace: string, filters: ProviderFilters) =>
  listOptions(["providers", workspace, filters], (cursor, signal) =>
    value(
      api.GET("/api/v1/providers", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "name", ...filters } },
        signal,
      }),
    ),
  );

export const accountsQuery = (workspace: string) =>
  listOptions(["accounts", workspace], (cursor, signal) =>
    value(
      api.GET("/api/v1/accounts", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "-created_at", with: "provider" } },
        signal,
      }),
    ),
  );

export interface ModelFilters {
  search?: string;
  provider?: string;
  capability?: Capability;
}

export const modelListQuery = (workspace: string, { search, provider, capability }: ModelFilters) =>
  listOptions(["models", workspace, { search, provider, capability }], (cursor, signal) =>
    value(
      api.GET("/api/v1/large-language-models", {
        params: {
          query: {
            workspace_uuid: workspace,
            cursor,
            per_page: 50,
            sort: "name",
            with: "provider",
            ...(search ? { search } : {}),
            ...(provider ? { provider_uuid: provider } : {}),
            ...(capability ? { capability } : {}),
          },
        },
        signal,
      }),
    ),
  );

/** All providers by name, as a choice shows them. */
export const providerChoicesQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["providers", workspace, "choices"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/providers", { params: { query: { workspace_uuid: workspace, per_page: 100, sort: "name" } }, signal }),
        )
      ).data,
    staleTime: 60_000,
  });
