/** What is asked of budgets, and of whom they can be for. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { given, listOptions } from "@/api/lists";

export type Budget = Schemas["Budget"];
export type ScopeType = Budget["scope_type"];

export interface BudgetsSearch {
  scope_type?: ScopeType;
  scope_uuid?: string;
}

export const SCOPES: Record<ScopeType, { label: string }> = {
  workspace: { label: "Workspace" },
  user: { label: "User" },
  token: { label: "Token" },
  agent: { label: "Agent" },
  workflow: { label: "Workflow" },
};

export const PERIODS: Record<Budget["period"], { label: string }> = {
  day: { label: "A day" },
  month: { label: "A month" },
  total: { label: "In all" },
};

export const budgetsQuery = (workspace: string, search: BudgetsSearch = {}) =>
  listOptions<Budget>(["budgets", workspace, search], (cursor, signal) =>
    value(
      api.GET("/api/v1/budgets", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "name", ...given(search) } },
        signal,
      }),
    ),
  );

export function readBudget(workspace: string, budget: string, signal: AbortSignal) {
  const params = { path: { budget_uuid: budget }, query: { workspace_uuid: workspace } };
  return tagged<Budget>(api.GET("/api/v1/budgets/{budget_uuid}", { params, signal }));
}

interface Named {
  uuid: string;
  name: string;
}

/** Those of a kind that a budget can be for. */
export const scopesQuery = (workspace: string, type: ScopeType) =>
  queryOptions({
    queryKey: ["budgets", workspace, "scopes", type],
    queryFn: async ({ signal }): Promise<Named[]> => (await read(workspace, type, signal)).data,
    enabled: type !== "workspace",
    staleTime: 60_000,
  });

function read(workspace: string, type: ScopeType, signal: AbortSignal): Promise<{ data: Named[] }> {
  const query = { workspace_uuid: workspace, per_page: 100 };
  switch (type) {
    case "user":
      return value(
        api.GET("/api/v1/workspaces/{workspace_uuid}/members", { params: { path: { workspace_uuid: workspace }, query: { per_page: 100 } }, signal }),
      );
    case "token":
      return value(api.GET("/api/v1/tokens", { params: { query }, signal }));
    case "agent":
      return value(api.GET("/api/v1/agents", { params: { query: { ...query, sort: "name" } }, signal }));
    case "workflow":
      return value(api.GET("/api/v1/workflows", { params: { query: { ...query, sort: "name" } }, signal }));
    case "workspace":
      return Promise.resolve({ data: [] });
  }
}
