/** Workflows as documents: exported, imported, copied. */
import { api, ApiError, newKey, value } from "@/api/client";

import type { Workflow } from "./queries";

/** Saves the workflow's document as a file. */
export async function download(workspace: string, { uuid, name }: Pick<Workflow, "uuid" | "name">): Promise<void> {
  const response = await fetch(`/api/v1/workflows/${uuid}/export?format=yaml&workspace_uuid=${workspace}`);
  if (!response.ok) throw await ApiError.of(response);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `${name.replaceAll(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 80) || "workflow"}.yaml`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function imported(workspace: string, document: string): Promise<Workflow> {
  const answer = await value(
    api.POST("/api/v1/workflows/import", {
      params: { query: { workspace_uuid: workspace }, header: { "Idempotency-Key": newKey() } },
      body: { document },
    }),
  );
  return answer.data;
}

export async function created(workspace: string, body: { name: string } & Partial<Workflow>): Promise<Workflow> {
  const { name, description, nodes, edges, variables, settings, tags } = body;
  const given = { description, nodes, edges, variables, settings, tags };
  const answer = await value(
    api.POST("/api/v1/workflows", {
      params: { query: { workspace_uuid: workspace }, header: { "Idempotency-Key": newKey() } },
      body: { name, ...Object.fromEntries(Object.entries(given).filter(([, each]) => each !== undefined)) },
    }),
  );
  return answer.data;
}
