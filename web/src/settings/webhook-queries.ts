/** Webhooks and what became of their deliveries. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { given, listOptions } from "@/api/lists";
import { queryClient } from "@/api/queries";

import type { DeliverySearch } from "./delivery-search";

export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["WebhookDelivery"];

const DELIVERING_MILLISECONDS = 2_000;

export const webhooksQuery = (workspace: string) =>
  listOptions(["webhooks", workspace], (cursor, signal) =>
    value(api.GET("/api/v1/webhooks", { params: { query: { workspace_uuid: workspace, cursor, per_page: 50 } }, signal })),
  );

const pathOf = (workspace: string, webhook: string) => ({ path: { webhook_uuid: webhook }, query: { workspace_uuid: workspace } });

export function readWebhook(workspace: string, webhook: string, signal: AbortSignal) {
  return tagged<Webhook>(api.GET("/api/v1/webhooks/{webhook_uuid}", { params: pathOf(workspace, webhook), signal }));
}

export const webhookQuery = (workspace: string, webhook: string) =>
  queryOptions({
    queryKey: ["webhooks", workspace, webhook],
    queryFn: ({ signal }) => readWebhook(workspace, webhook, signal),
  });

export const eventTypesQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["event-types", workspace],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/webhooks/event-types", { params: { query: { workspace_uuid: workspace } }, signal }))).data,
    staleTime: Infinity,
  });

/** Asked for anew while one of them is on its way. */
export const deliveriesQuery = (workspace: string, webhook: string, { status, event }: DeliverySearch) =>
  infiniteQueryOptions({
    ...listOptions(["webhooks", workspace, webhook, "deliveries", status, event], (cursor, signal) =>
      value(
        api.GET("/api/v1/webhooks/{webhook_uuid}/deliveries", {
          params: {
            path: { webhook_uuid: webhook },
            query: { workspace_uuid: workspace, cursor, per_page: 50, ...given({ status, event_type: event }) },
          },
          signal,
        }),
      ),
    ),
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((each) => each.status === "pending")) ? DELIVERING_MILLISECONDS : false,
  });

export const deliveryQuery = (workspace: string, webhook: string, delivery: string) =>
  queryOptions({
    queryKey: ["webhooks", workspace, webhook, "delivery", delivery],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/webhooks/{webhook_uuid}/deliveries/{delivery_uuid}", {
            params: { path: { webhook_uuid: webhook, delivery_uuid: delivery }, query: { workspace_uuid: workspace } },
            signal,
          }),
        )
      ).data,
    refetchInterval: ({ state }) => (state.data?.status === "pending" ? DELIVERING_MILLISECONDS : false),
  });

export const refreshWebhooks = (workspace: string): Promise<void> => queryClient.invalidateQueries({ queryKey: ["webhooks", workspace] });

type Changes = Schemas["WebhookUpdate"];

export async function updateWebhook(workspace: string, webhook: string, body: Changes, etag?: string): Promise<void> {
  const params = { ...pathOf(workspace, webhook), ...(etag === undefined ? {} : { header: { "If-Match": etag } }) };
  await api.PUT("/api/v1/webhooks/{webhook_uuid}", { params, body });
  await refreshWebhooks(workspace);
}

export async function deleteWebhook(workspace: string, webhook: string): Promise<void> {
  await api.DELETE("/api/v1/webhooks/{webhook_uuid}", { params: pathOf(workspace, webhook) });
}

export async function rotateSecret(workspace: string, webhook: string): Promise<string> {
  const { data } = await value(api.POST("/api/v1/webhooks/{webhook_uuid}/rotate-secret", { params: pathOf(workspace, webhook) }));
  await refreshWebhooks(workspace);
  return data.secret;
}

/** The uuid of the delivery that tells what came of it. */
export async function testWebhook(workspace: string, webhook: string): Promise<string> {
  const { data } = await value(api.POST("/api/v1/webhooks/{webhook_uuid}/test", { params: pathOf(workspace, webhook) }));
  await refreshWebhooks(workspace);
  return data.uuid;
}

export async function redeliver(workspace: string, { webhook_uuid: webhook, uuid }: Delivery): Promise<void> {
  await api.POST("/api/v1/webhooks/{webhook_uuid}/deliveries/{delivery_uuid}/redeliver", {
    params: { path: { webhook_uuid: webhook, delivery_uuid: uuid }, query: { workspace_uuid: workspace } },
  });
  await refreshWebhooks(workspace);
}
