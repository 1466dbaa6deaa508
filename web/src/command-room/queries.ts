import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { given, listOptions } from "@/api/lists";
import { queryClient } from "@/api/queries";

export type Task = Schemas["CommandRoomTask"];
export type Suggestion = Schemas["Suggestion"];

export const TASK_STATUSES = ["open", "done", "dismissed"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export interface TaskFilters {
  status?: TaskStatus;
  app?: string;
  search?: string;
}

export const tasksQuery = (workspace: string, filters: TaskFilters) =>
  listOptions<Task>(["command-room", workspace, filters], (cursor, signal) =>
    value(
      api.GET("/api/v1/command-room-tasks", {
        params: { query: { ...given(filters), workspace_uuid: workspace, cursor, per_page: 50, with: "suggestion" } },
        signal,
      }),
    ),
  );

export const suggestionsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["command-room", workspace, "suggestions"],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/command-room-tasks/suggestions", { params: { query: { workspace_uuid: workspace } }, signal }))).data,
  });

export async function addTask(workspace: string, fields: { title: string; app: string; action: string }): Promise<void> {
  const body = { description: "", status: "open" as const, ...given(fields) };
  await api.POST("/api/v1/command-room-tasks", { params: { query: { workspace_uuid: workspace } }, body });
}

export async function changeTask(workspace: string, task: string, status: TaskStatus): Promise<void> {
  const path = { command_room_task_uuid: task };
  await api.PUT("/api/v1/command-room-tasks/{command_room_task_uuid}", {
    params: { path, query: { workspace_uuid: workspace } },
    body: { status },
  });
}

export async function removeTask(workspace: string, task: string): Promise<void> {
  const path = { command_room_task_uuid: task };
  await api.DELETE("/api/v1/command-room-tasks/{command_room_task_uuid}", { params: { path, query: { workspace_uuid: workspace } } });
}

/** Has a model make a workflow of what is done again and again, and stores it as a draft; its name. */
export async function makeWorkflow(workspace: string, { name, description }: Suggestion["workflow"]): Promise<{ uuid: string; name: string }> {
  const { data } = await value(
    api.POST("/api/v1/workflows/generate", {
      params: { query: { workspace_uuid: workspace } },
      body: { description: `${name}\n\n${description}`, save: true, max_repairs: 3 },
    }),
  );
  await queryClient.invalidateQueries({ queryKey: ["workflows", workspace] });
  // It has been saved, so it has an id.
  return { uuid: data.uuid as string, name: data.name };
}

export function refreshTasks(workspace: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["command-room", workspace] });
}
