import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { given, listOptions } from "@/api/lists";
import { queryClient } from "@/api/queries";

export type Approval = Schemas["Approval"];

export const APPROVAL_STATUSES = ["open", "approved", "refused", "answered", "expired", "cancelled"] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

const REFRESH_MILLISECONDS = 15_000;
export const MOST_COUNTED = 99;

export interface ApprovalFilters {
  status?: ApprovalStatus | undefined;
  kind?: "approval" | "form" | undefined;
  run?: string | undefined;
}

export const approvalsQuery = (workspace: string, { run, ...filters }: ApprovalFilters) => ({
  ...listOptions<Approval>(["approvals", workspace, { ...filters, run }], (cursor, signal) =>
    value(
      api.GET("/api/v1/approvals", {
        params: {
          query: { ...given({ ...filters, run_uuid: run }), workspace_uuid: workspace, cursor, per_page: 30, sort: "-created_at" },
        },
        signal,
      }),
    ),
  ),
  refetchInterval: REFRESH_MILLISECONDS,
});

/** How many questions are open; one more than `MOST_COUNTED` stands for all that are beyond. */
export const openCountQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["approvals", workspace, "count"],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/approvals", {
            params: { query: { workspace_uuid: workspace, status: "open", cursor: "", per_page: MOST_COUNTED + 1 } },
            signal,
          }),
        )
      ).data.length,
    refetchInterval: REFRESH_MILLISECONDS,
  });

export async function answerApproval(workspace: string, approval: string, body: Schemas["ApprovalAnswerCreate"]): Promise<void> {
  await api.POST("/api/v1/approvals/{approval_uuid}/answer", {
    params: { path: { approval_uuid: approval }, query: { workspace_uuid: workspace } },
    body,
  });
}

export function refreshApprovals(workspace: string): void {
  void queryClient.invalidateQueries({ queryKey: ["approvals", workspace] });
  void queryClient.invalidateQueries({ queryKey: ["executions", workspace] });
}
