/** What the page of memories asks for. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { listOptions } from "@/api/lists";
import { useWorkspace } from "@/shell/workspace";

export type Memory = Schemas["Memory"];

export const KINDS = ["fact", "preference", "episode", "knowledge"] as const;
export const SCOPES = ["workspace", "user", "agent", "thread"] as const;

export interface MemoryFilters {
  /** What is searched for, by meaning and by words. */
  search?: string;
  kind?: Memory["kind"];
  scope?: Memory["scope"];
  agent?: string;
  /** Also those that others have replaced. */
  replaced?: boolean;
}

const MOST = 50;

export const memoriesQuery = (workspace: string, { search, kind, scope, agent, replaced }: MemoryFilters) =>
  listOptions<Memory>(["memories", workspace, search, kind, scope, agent, replaced], (cursor, signal) =>
    value(
      api.GET("/api/v1/memories", {
        params: {
          query: {
            workspace_uuid: workspace,
            per_page: MOST,
            // What fits best comes first and is one page.
            ...(search ? { query: search } : { cursor, sort: "-created_at" }),
            ...(kind ? { kind } : {}),
            ...(scope ? { scope } : {}),
            ...(agent ? { agent_uuid: agent } : {}),
            ...(replaced ? { include_superseded: true } : {}),
          },
        },
        signal,
      }),
    ),
  );

export interface Wanted {
  content: string;
  kind: Memory["kind"];
  /** Of a new one alone. */
  scope: Memory["scope"];
  agent_uuid: string | null;
}

/** Stores a memory, or changes the one that is named. */
export function useSaveMemory(memory?: string) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const query = { workspace_uuid: uuid };
  return useMutation({
    mutationFn: ({ content, kind, scope, agent_uuid }: Wanted) =>
      memory === undefined
        ? api.POST("/api/v1/memories", { params: { query }, body: { content, kind, scope, ...(scope === "agent" ? { agent_uuid } : {}) } })
        : api.PUT("/api/v1/memories/{memory_uuid}", { params: { path: { memory_uuid: memory }, query }, body: { content, kind } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["memories", uuid] }),
  });
}

export function useDeleteMemory(memory: string) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/memories/{memory_uuid}", { params: { path: { memory_uuid: memory }, query: { workspace_uuid: uuid } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["memories", uuid] }),
  });
}
