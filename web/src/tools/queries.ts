/** What the pages of tools and guardrails ask for. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { listOptions } from "@/api/lists";

export type Tool = Schemas["Tool"];
export type ToolType = Tool["type"];
export type Guardrail = Schemas["Guardrail"];

const MOST = 100;

export const toolsQuery = (workspace: string, search: string, type: ToolType | undefined) =>
  listOptions<Tool>(["tools", workspace, search, type], (cursor, signal) =>
    value(
      api.GET("/api/v1/tools", {
        params: {
          query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "name", ...(search ? { search } : {}), ...(type ? { type } : {}) },
        },
        signal,
      }),
    ),
  );

/** The tools that can be chosen. */
export const allToolsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["tools", workspace, "all"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/tools", { params: { query: { workspace_uuid: workspace, per_page: MOST, sort: "name" } }, signal }))).data,
  });

export const toolQuery = (workspace: string, tool: string) =>
  queryOptions({
    queryKey: ["tools", workspace, tool],
    queryFn: ({ signal }) =>
      tagged<Tool>(
        api.GET("/api/v1/tools/{tool_uuid}", {
          params: { path: { tool_uuid: tool }, query: { workspace_uuid: workspace } },
          signal,
        }),
      ),
  });

export const builtinsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["tools", workspace, "builtins"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/tools/builtins", { params: { query: { workspace_uuid: workspace } }, signal }))).data,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const workflowNamesQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["workflows", workspace, "names"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/workflows", { params: { query: { workspace_uuid: workspace, per_page: MOST, sort: "name" } }, signal }))).data,
  });

export const guardrailsQuery = (workspace: string, search: string) =>
  listOptions<Guardrail>(["guardrails", workspace, search], (cursor, signal) =>
    value(
      api.GET("/api/v1/guardrails", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "name", ...(search ? { search } : {}) } },
        signal,
      }),
    ),
  );

export const allGuardrailsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["guardrails", workspace, "all"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/guardrails", { params: { query: { workspace_uuid: workspace, per_page: MOST, sort: "name" } }, signal })))
        .data,
  });

export const guardrailQuery = (workspace: string, guardrail: string) =>
  queryOptions({
    queryKey: ["guardrails", workspace, guardrail],
    queryFn: ({ signal }) =>
      tagged<Guardrail>(
        api.GET("/api/v1/guardrails/{guardrail_uuid}", {
          params: { path: { guardrail_uuid: guardrail }, query: { workspace_uuid: workspace } },
          signal,
        }),
      ),
  });
