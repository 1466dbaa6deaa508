/** Bundles: uploaded, planned, applied. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";

export type Plan = Schemas["BundlePlan"];
export type PlannedResource = Schemas["PlannedResource"];
export type Action = PlannedResource["action"];

/** Accounts that were chosen, by the key that the bundle declares. */
export type Choice = Readonly<Record<string, string>>;

export const planQuery = (workspace: string, bundle: string, accounts: Choice) =>
  queryOptions({
    queryKey: ["bundles", workspace, bundle, accounts],
    queryFn: async ({ signal }): Promise<Plan> =>
      (
        await value(
          api.POST("/api/v1/bundles/plan", {
            params: { query: { workspace_uuid: workspace } },
            body: { bundle_uuid: bundle, accounts },
            signal,
          }),
        )
      ).data,
    // What is looked at is what was planned then; applying says when it is another by now.
    staleTime: Infinity,
    retry: false,
  });

/** Puts a bundle on the server; its uuid. */
export async function uploadBundle(workspace: string, file: File): Promise<string> {
  const form = new FormData();
  form.append("file", file);
  const answer = api.POST("/api/v1/bundles", {
    params: { query: { workspace_uuid: workspace } },
    // The document knows a file as text.
    body: form as unknown as { file: string },
    bodySerializer: (body) => body as unknown as FormData,
  });
  return (await value(answer)).data.uuid;
}

export async function applyBundle(workspace: string, plan: Plan, accounts: Choice, overwrite: boolean): Promise<Schemas["AppliedBundle"]> {
  const answer = api.POST("/api/v1/bundles/apply", {
    params: { query: { workspace_uuid: workspace } },
    body: { bundle_uuid: plan.bundle_uuid, plan_hash: plan.hash, accounts, overwrite },
  });
  return (await value(answer)).data;
}

/** Whether carrying the plan out would change anything. */
export function isPending(plan: Plan): boolean {
  return plan.resources.some((each) => each.action !== "unchanged" && each.action !== "left");
}

/** What is to be looked at first: conflicts, changes, what is new; what stays as it is comes last. */
export function byWeight(resources: readonly PlannedResource[]): PlannedResource[] {
  const order: readonly Action[] = ["conflict", "update", "create", "left", "unchanged"];
  return [...resources].sort((one, other) => order.indexOf(one.action) - order.indexOf(other.action));
}
