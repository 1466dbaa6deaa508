/** What the pages of agents ask for. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, value, type Agent, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { listOptions } from "@/api/lists";
import { useWorkspace } from "@/shell/workspace";

export type Source = Schemas["AgentSource"];
export type Ranked = Schemas["AgentLeaderboard"];
/** An agent with what it did. */
export type Did = Pick<Ranked, "agent" | "runs" | "success_rate" | "rating" | "ratings" | "cost">;
export type AgentUpdate = Schemas["AgentUpdate"];
export type Version = Schemas["AgentVersion"];
export type Share = Schemas["Share"];
export type Evaluation = Schemas["Evaluation"];
export type EvaluationResult = Schemas["EvaluationResult"];

const MOST = 100;

export const rankedQuery = (workspace: string, search: string, sort: string) =>
  listOptions<Ranked>(["agents", workspace, "ranked", search, sort], (cursor, signal) =>
    value(
      api.GET("/api/v1/agents/leaderboard", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: MOST, sort, period: "month", ...(search ? { search } : {}) } },
        signal,
      }),
    ) as Promise<{ data: Ranked[]; meta: object }>,
  );

export const listedQuery = (workspace: string, search: string, sort: string) =>
  listOptions<Agent>(["agents", workspace, "listed", search, sort], (cursor, signal) =>
    value(
      api.GET("/api/v1/agents", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: MOST, sort, ...(search ? { search } : {}) } },
        signal,
      }),
    ),
  );

export const agentQuery = (workspace: string, agent: string) =>
  queryOptions({
    queryKey: ["agents", workspace, agent],
    queryFn: ({ signal }) =>
      tagged<Schemas["Agent"]>(
        api.GET("/api/v1/agents/{agent_uuid}", {
          params: { path: { agent_uuid: agent }, query: { workspace_uuid: workspace, with: "creator" } },
          signal,
        }),
      ),
  });

export const accountsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["accounts", workspace, "all"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/accounts", { params: { query: { workspace_uuid: workspace, per_page: MOST } }, signal }))).data,
    staleTime: 60_000,
  });

export const sourcesQuery = (workspace: string, agent: string, search: string) =>
  listOptions<Source>(["sources", workspace, agent, search], (cursor, signal) =>
    value(
      api.GET("/api/v1/agents/{agent_uuid}/sources", {
        params: {
          path: { agent_uuid: agent },
          query: { workspace_uuid: workspace, cursor, per_page: 50, ...(search ? { search } : {}) },
        },
        signal,
      }),
    ),
  );

export const versionsQuery = (workspace: string, agent: string) =>
  listOptions<Version>(["agents", workspace, agent, "versions"], (cursor, signal) =>
    value(
      api.GET("/api/v1/agents/{agent_uuid}/versions", {
        params: { path: { agent_uuid: agent }, query: { workspace_uuid: workspace, cursor, per_page: 50, with: "creator" } },
        signal,
      }),
    ),
  );

export const changesQuery = (workspace: string, agent: string, since: number, number: number) =>
  queryOptions({
    queryKey: ["agents", workspace, agent, "changes", since, number],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/agents/{agent_uuid}/versions/{number}/changes", {
            params: { path: { agent_uuid: agent, number }, query: { workspace_uuid: workspace, since } },
            signal,
          }),
        )
      ).data,
  });

export const channelsQuery = (workspace: string, agent: string) =>
  queryOptions({
    queryKey: ["agents", workspace, agent, "channels"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/agents/{agent_uuid}/channels", {
            params: { path: { agent_uuid: agent }, query: { workspace_uuid: workspace, per_page: MOST } },
            signal,
          }),
        )
      ).data,
  });

export const sharesQuery = (workspace: string, agent: string) =>
  listOptions<Share>(["shares", workspace, agent], (cursor, signal) =>
    value(
      api.GET("/api/v1/shares", {
        params: {
          query: { workspace_uuid: workspace, cursor, per_page: 50, shareable_type: "agent", shareable_uuid: agent },
        },
        signal,
      }),
    ),
  );

export const evaluationsQuery = (workspace: string, agent: string) =>
  listOptions<Evaluation>(["evaluations", workspace, agent], (cursor, signal) =>
    value(
      api.GET("/api/v1/evaluations", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, agent_uuid: agent, with: "dataset" } },
        signal,
      }),
    ),
  );

export const resultsQuery = (workspace: string, evaluation: string) =>
  listOptions<EvaluationResult>(["evaluations", workspace, "results", evaluation], (cursor, signal) =>
    value(
      api.GET("/api/v1/evaluations/{evaluation_uuid}/results", {
        params: { path: { evaluation_uuid: evaluation }, query: { workspace_uuid: workspace, cursor, per_page: MOST } },
        signal,
      }),
    ),
  );

export const comparisonQuery = (workspace: string, a: string, b: string) =>
  queryOptions({
    queryKey: ["evaluations", workspace, "comparison", a, b],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/evaluations/comparison", { params: { query: { workspace_uuid: workspace, a, b } }, signal }))).data,
  });

/** Changes the agent; refused where somebody else changed it since it was read. */
export function useSaveAgent(agent: string) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ changes, etag }: { changes: AgentUpdate; etag: string }) =>
      tagged<Schemas["Agent"]>(
        api.PUT("/api/v1/agents/{agent_uuid}", {
          params: { path: { agent_uuid: agent }, query: { workspace_uuid: uuid }, header: { "If-Match": etag } },
          body: changes,
        }),
      ),
    onSuccess: (saved) => {
      client.setQueryData(agentQuery(uuid, agent).queryKey, saved);
      void client.invalidateQueries({ queryKey: ["agents", uuid] });
    },
  });
}

/** Makes an agent. */
export function useCreateAgent() {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: Schemas["AgentCreate"]) =>
      (await value(api.POST("/api/v1/agents", { params: { query: { workspace_uuid: uuid } }, body }))).data,
    onSuccess: () => client.invalidateQueries({ queryKey: ["agents", uuid] }),
  });
}
