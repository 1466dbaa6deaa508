import { t } from "@/i18n";
import { Badge, type Tone } from "@/ui/badge";

import type { Delivery, Webhook } from "./webhook-queries";

const STATUSES: Record<Webhook["status"], { label: string; tone: Tone }> = {
  active: { label: "Active", tone: "success" },
  failing: { label: "Failing", tone: "warning" },
  disabled: { label: "Paused", tone: "neutral" },
};
const DELIVERIES: Record<Delivery["status"], { label: string; tone: Tone }> = {
  pending: { label: "On its way", tone: "accent" },
  delivered: { label: "Delivered", tone: "success" },
  failed: { label: "Failed", tone: "danger" },
};

export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  const { label, tone } = webhook.disabled_reason === "gone" || webhook.disabled_reason === "failing" ? { label: "Disabled", tone: "danger" as const } : STATUSES[webhook.status];
  return <Badge tone={tone}>{t(label)}</Badge>;
}

export function deliveryName(status: Delivery["status"]): string {
  return t(DELIVERIES[status].label);
}

export function DeliveryBadge({ status }: { status: Delivery["status"] }) {
  return <Badge tone={DELIVERIES[status].tone}>{deliveryName(status)}</Badge>;
}
