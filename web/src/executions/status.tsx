import { Ban, Check, CircleAlert, Clock, Hand, LoaderCircle, Minus, Recycle } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { Badge, type Tone } from "@/ui/badge";

import type { NodeOutcome } from "./queries";
import type { Status, Trigger } from "./search";

type AnyStatus = Status | NodeOutcome["status"];

const LOOKS: Record<AnyStatus, { label: string; tone: Tone; icon: ReactNode }> = {
  queued: { label: "Queued", tone: "neutral", icon: <Clock aria-hidden /> },
  pending: { label: "Not reached", tone: "neutral", icon: <Minus aria-hidden /> },
  running: { label: "Running", tone: "accent", icon: <LoaderCircle className="animate-spin" aria-hidden /> },
  waiting: { label: "Waiting", tone: "warning", icon: <Hand aria-hidden /> },
  succeeded: { label: "Succeeded", tone: "success", icon: <Check aria-hidden /> },
  reused: { label: "Reused", tone: "neutral", icon: <Recycle aria-hidden /> },
  failed: { label: "Failed", tone: "danger", icon: <CircleAlert aria-hidden /> },
  skipped: { label: "Skipped", tone: "neutral", icon: <Minus aria-hidden /> },
  cancelled: { label: "Cancelled", tone: "neutral", icon: <Ban aria-hidden /> },
};

const TRIGGER_NAMES: Record<Trigger, { label: string }> = {
  manual: { label: "By hand" },
  api: { label: "API" },
  webhook: { label: "Webhook" },
  schedule: { label: "Schedule" },
  event: { label: "Event" },
  error: { label: "Error" },
  agent: { label: "Agent" },
  workflow: { label: "Workflow" },
  retry: { label: "Retry" },
};

export function statusName(status: AnyStatus): string {
  return t(LOOKS[status].label);
}

export function triggerName(trigger: Trigger): string {
  return t(TRIGGER_NAMES[trigger].label);
}

export function StatusBadge({ status }: { status: AnyStatus }) {
  const { tone, icon } = LOOKS[status];
  return (
    <Badge tone={tone}>
      {icon}
      {statusName(status)}
    </Badge>
  );
}
