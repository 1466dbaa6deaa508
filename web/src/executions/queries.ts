import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { queryClient } from "@/api/queries";
import { given, listOptions } from "@/api/lists";

import { asQuery, type ExecutionFilters } from "./search";

export type Execution = Schemas["WorkflowExecution"];
export type NodeOutcome = Schemas["NodeTotals"];
export type ErrorGroup = Schemas["ExecutionErrors"];

const UNFINISHED: readonly Execution["status"][] = ["queued", "running", "waiting"];
/** How many passes over all that matches are made at most; the server handles a thousand in each. */
const MOST_PASSES = 50;

export function isUnfinished({ status }: { status: Execution["status"] }): boolean {
  return UNFINISHED.includes(status);
}

export const executionsQuery = (workspace: string, filters: ExecutionFilters) =>
  listOptions<Execution>(["executions", workspace, filters], (cursor, signal) =>
    value(
      api.GET("/api/v1/workflow-executions", {
        params: {
          query: { ...asQuery(filters, Date.now()), workspace_uuid: workspace, cursor, per_page: 50, with: "workflow" },
        },
        signal,
      }),
    ),
  );

export const countsQuery = (workspace: string, { status: _, ...filters }: ExecutionFilters) =>
  queryOptions({
    queryKey: ["executions", workspace, filters, "counts"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflow-executions/counts", {
            params: { query: { ...asQuery(filters, Date.now()), workspace_uuid: workspace } },
            signal,
          }),
        )
      ).data,
    placeholderData: keepPreviousData,
  });

export const errorsQuery = (workspace: string, filters: ExecutionFilters) =>
  listOptions<ErrorGroup>(["executions", workspace, filters, "errors"], (cursor, signal) => {
    const { workflow_uuid, trigger, created_after, created_before, error_code } = asQuery(filters, Date.now());
    const query = given({ workflow_uuid, trigger, created_after, created_before, error_code });
    return value(
      api.GET("/api/v1/workflow-executions/errors", {
        params: { query: { ...query, workspace_uuid: workspace, cursor, per_page: 50 } },
        signal,
      }),
    );
  });

export const executionQuery = (workspace: string, execution: string) =>
  queryOptions({
    queryKey: ["executions", workspace, "one", execution],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}", {
            params: {
              path: { workflow_execution_uuid: execution },
              query: { workspace_uuid: workspace, with: "workflow" },
            },
            signal,
          }),
        )
      ).data,
  });

export const passesQuery = (workspace: string, execution: string, node: string, status?: "failed") =>
  listOptions<Schemas["NodeItemExecution"]>(["executions", workspace, "one", execution, node, status], (cursor, signal) =>
    value(
      api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}/nodes/{node}", {
        params: {
          path: { workflow_execution_uuid: execution, node },
          query: { workspace_uuid: workspace, cursor, per_page: 15, ...given({ status }) },
        },
        signal,
      }),
    ),
  );

/** What became of a node in one pass; `null` where it was not come to. */
export const passQuery = (workspace: string, execution: string, node: string, path: string) =>
  queryOptions({
    queryKey: ["executions", workspace, "one", execution, node, "pass", path],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}/nodes/{node}", {
            params: { path: { workflow_execution_uuid: execution, node }, query: { workspace_uuid: workspace, path } },
            signal,
          }),
        )
      ).data[0] ?? null,
    placeholderData: keepPreviousData,
  });

export const workflowNamesQuery = (workspace: string, search: string) =>
  queryOptions({
    queryKey: ["workflows", workspace, "names", search],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflows", {
            params: { query: { workspace_uuid: workspace, per_page: 50, sort: "name", ...given({ search }) } },
            signal,
          }),
        )
      ).data,
    placeholderData: keepPreviousData,
  });

export const workflowQuery = (workspace: string, workflow: string) =>
  queryOptions({
    queryKey: ["workflows", workspace, "one", workflow, "name"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/workflows/{workflow_uuid}", {
            params: { path: { workflow_uuid: workflow }, query: { workspace_uuid: workspace } },
            signal,
          }),
        )
      ).data.name,
    staleTime: 60_000,
  });

/** Has all that is shown of executions asked for anew. */
export function refreshExecutions(workspace: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["executions", workspace] });
}

export function cancelExecution(workspace: string, execution: string) {
  return api.POST("/api/v1/workflow-executions/{workflow_execution_uuid}/cancel", {
    params: { path: { workflow_execution_uuid: execution }, query: { workspace_uuid: workspace } },
  });
}

/** Begins a retry; its uuid. */
export async function retryExecution(
  workspace: string,
  execution: string,
  body: Partial<Schemas["ExecutionRetry"]> = {},
): Promise<string> {
  const answer = await api.POST("/api/v1/workflow-executions/{workflow_execution_uuid}/retry", {
    params: { path: { workflow_execution_uuid: execution }, query: { workspace_uuid: workspace } },
    body: { use_current_version: false, stream: false, ...body, background: true },
  });
  return (answer.data as { data: { uuid: string } }).data.uuid;
}

export type BulkAction = "retry" | "cancel";

export interface Handled {
  count: number;
  refused: number;
}

/** Does it with each of several; one that is refused keeps none of the others. */
export async function handleSeveral(action: BulkAction, workspace: string, executions: readonly string[]): Promise<Handled> {
  const handled: Handled = { count: 0, refused: 0 };
  for (const each of executions) {
    try {
      await (action === "retry" ? retryExecution(workspace, each) : cancelExecution(workspace, each));
      handled.count += 1;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      handled.refused += 1;
    }
  }
  return handled;
}

function isRefusal(error: unknown): boolean {
  const { status } = error as { status?: number };
  return status === 404 || status === 409 || status === 422;
}

/** Does it with all that the filters leave. */
export async function handleAll(action: BulkAction, workspace: string, filters: ExecutionFilters): Promise<Handled> {
  const query = { ...asQuery(filters, Date.now()), workspace_uuid: workspace };
  const handled: Handled = { count: 0, refused: 0 };
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const { data } = await value(
      action === "retry"
        ? api.POST("/api/v1/workflow-executions/retry", { params: { query }, body: { use_current_version: false } })
        : api.POST("/api/v1/workflow-executions/cancel", { params: { query } }),
    );
    handled.count += data.count;
    handled.refused += data.refused;
    if (!data.more || data.count === 0) break;
  }
  return handled;
}
