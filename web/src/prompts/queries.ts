/** What the pages of prompts ask for. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { listOptions } from "@/api/lists";

export type Prompt = Schemas["Prompt"];
export type PromptVersion = Schemas["PromptVersion"];
export type Variable = Schemas["PromptVariable"];

export interface PromptSearch {
  search?: string;
}

export const promptsQuery = (workspace: string, search: string) =>
  listOptions<Prompt>(["prompts", workspace, "listed", search], (cursor, signal) =>
    value(
      api.GET("/api/v1/prompts", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "-updated_at", ...(search ? { search } : {}) } },
        signal,
      }),
    ),
  );

export const promptQuery = (workspace: string, prompt: string) =>
  queryOptions({
    queryKey: ["prompts", workspace, prompt],
    queryFn: ({ signal }) =>
      tagged<Prompt>(
        api.GET("/api/v1/prompts/{prompt_uuid}", {
          params: { path: { prompt_uuid: prompt }, query: { workspace_uuid: workspace } },
          signal,
        }),
      ),
  });

export const promptVersionsQuery = (workspace: string, prompt: string) =>
  listOptions<PromptVersion>(["prompts", workspace, prompt, "versions"], (cursor, signal) =>
    value(
      api.GET("/api/v1/prompts/{prompt_uuid}/versions", {
        params: { path: { prompt_uuid: prompt }, query: { workspace_uuid: workspace, cursor, per_page: 50, with: "creator" } },
        signal,
      }),
    ),
  );

/** Begins a run of a version; its uuid. */
export async function startRun(
  workspace: string,
  prompt: string,
  version: number,
  model: string | null,
  variables: Record<string, unknown>,
): Promise<string> {
  const { data } = await value(
    api.POST("/api/v1/prompts/{prompt_uuid}/run", {
      params: { path: { prompt_uuid: prompt }, query: { workspace_uuid: workspace } },
      body: { version, ...(model ? { model } : {}), variables: variables as never, background: true },
    }),
  );
  return (data as { uuid: string }).uuid;
}
