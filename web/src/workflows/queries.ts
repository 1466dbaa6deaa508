/** What the workflow pages ask for. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { listOptions } from "@/api/lists";

import type { Kinds } from "./graph";

export type Workflow = Schemas["Workflow"];

export interface ListFilters {
  search?: string;
  status?: Workflow["status"];
  tag?: string;
  sort?: string;
}

export const workflowsQuery = (workspace: string, filters: ListFilters) =>
  listOptions(["workflows", workspace, filters], (cursor, signal) =>
    value(
      api.GET("/api/v1/workflows", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "-updated_at", ...filters } },
        signal,
      }),
    ),
  );

export const workflowQuery = (workspace: string, workflow: string) =>
  queryOptions({
    queryKey: ["workflow", workspace, workflow],
    queryFn: ({ signal }) =>
      tagged(
        api.GET("/api/v1/workflows/{workflow_uuid}", {
          params: { path: { workflow_uuid: workflow }, query: { workspace_uuid: workspace } },
          signal,
        }),
      ),
    // What is being edited is not asked for anew behind the user's back.
    staleTime: Infinity,
    refetchOnMount: "always",
  });

export const kindsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["node-types", workspace],
    queryFn: async ({ signal }): Promise<Kinds> => {
      const found = await value(api.GET("/api/v1/node-types", { params: { query: { workspace_uuid: workspace } }, signal }));
      return new Map(found.data.map((kind) => [kind.type, kind]));
    },
    staleTime: Infinity,
  });

export const executionQuery = (workspace: string, execution: string) =>
  queryOptions({
    queryKey: ["workflow-execution", workspace, execution],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}", {
            params: { path: { workflow_execution_uuid: execution }, query: { workspace_uuid: workspace } },
            signal,
          }),
        )
      ).data,
  });

/** The newest execution of each workflow. */
export const lastExecutionQuery = (workspace: string, workflow: string) =>
  queryOptions({
    queryKey: ["workflow-executions", workspace, "last", workflow],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflow-executions", {
            params: { query: { workspace_uuid: workspace, workflow_uuid: workflow, per_page: 1 } },
            signal,
          }),
        )
      ).data[0] ?? null,
  });

export const executionsQuery = (workspace: string, workflow: string) =>
  listOptions(["workflow-executions", workspace, workflow], (cursor, signal) =>
    value(
      api.GET("/api/v1/workflow-executions", {
        params: { query: { workspace_uuid: workspace, workflow_uuid: workflow, cursor, per_page: 30 } },
        signal,
      }),
    ),
  );

export const versionsQuery = (workspace: string, workflow: string) =>
  listOptions(["workflow", workspace, workflow, "versions"], (cursor, signal) =>
    value(
      api.GET("/api/v1/workflows/{workflow_uuid}/versions", {
        params: {
          path: { workflow_uuid: workflow },
          query: { workspace_uuid: workspace, cursor, per_page: 30, with: "creator" },
        },
        signal,
      }),
    ),
  );

export const changesQuery = (workspace: string, workflow: string, number: number, since: number) =>
  queryOptions({
    queryKey: ["workflow", workspace, workflow, "changes", number, since],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflows/{workflow_uuid}/versions/{number}/changes", {
            params: { path: { workflow_uuid: workflow, number }, query: { workspace_uuid: workspace, since } },
            signal,
          }),
        )
      ).data,
    staleTime: Infinity,
  });

/** Names of the workspace's variables and secrets; none for who may not see them. */
export const namesQuery = (workspace: string, isAllowed: boolean) =>
  queryOptions({
    queryKey: ["variables", workspace, "names"],
    queryFn: async ({ signal }) => {
      const found = await value(
        api.GET("/api/v1/variables", { params: { query: { workspace_uuid: workspace, per_page: 100 } }, signal }),
      );
      const of = (kind: string): string[] => found.data.filter((each) => each.kind === kind).map((each) => each.name);
      return { variables: of("variable"), secrets: of("secret") };
    },
    enabled: isAllowed,
    staleTime: 60_000,
  });

/** One of the passes in which a node in a loop had begun, counted from 1; and how many there are. */
export const passQuery = (workspace: string, execution: string, node: string, pass: number) =>
  queryOptions({
    queryKey: ["workflow-execution", workspace, execution, node, pass],
    queryFn: async ({ signal }) => {
      const found = await value(
        api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}/nodes/{node}", {
          params: {
            path: { workflow_execution_uuid: execution, node },
            query: { workspace_uuid: workspace, page: pass, per_page: 1 },
          },
          signal,
        }),
      );
      return found.data[0] ?? null;
    },
    placeholderData: keepPreviousData,
  });

export const approvalsQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["approvals", workspace, run],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/approvals", {
            params: { query: { workspace_uuid: workspace, run_uuid: run, status: "open", per_page: 50 } },
            signal,
          }),
        )
      ).data,
  });

/** Things that a field names by their uuid, such as an agent. */
export const NAMED = {
  agent_uuid: "/api/v1/agents",
  prompt_uuid: "/api/v1/prompts",
  tool_uuid: "/api/v1/tools",
  workflow_uuid: "/api/v1/workflows",
  error_workflow_uuid: "/api/v1/workflows",
  account_uuid: "/api/v1/accounts",
} as const;

export const namedQuery = (workspace: string, field: keyof typeof NAMED) =>
  queryOptions({
    queryKey: ["named", workspace, NAMED[field]],
    queryFn: async ({ signal }) => {
      const query = { workspace_uuid: workspace, per_page: 100 };
      const found = await value(api.GET(NAMED[field], { params: { query }, signal }));
      return (found.data as readonly { uuid: string; name: string }[]).map(({ uuid, name }) => ({ uuid, name }));
    },
    staleTime: 60_000,
  });
