/** How kinds of nodes and their states look. */
import {
  Ban, Bot, CircleAlert, CircleCheck, CircleDashed, Clock, Database, GitBranch, Hand, LoaderCircle, Recycle, Send, SkipForward, Zap,
  type LucideIcon,
} from "lucide-react";

import { t } from "@/i18n";
import { Badge, type Tone } from "@/ui/badge";

import type { NodeStatus, RunStatus } from "./execution";
import type { Kind } from "./graph";
import type { Workflow } from "./queries";

interface CategoryLook {
  icon: LucideIcon;
  label: string;
  className: string;
}

export const CATEGORIES: Readonly<Record<Kind["category"], CategoryLook>> = {
  trigger: { icon: Zap, label: "Triggers", className: "bg-warning-soft text-warning" },
  ai: { icon: Bot, label: "Models and agents", className: "bg-accent-soft text-accent-ink" },
  flow: { icon: GitBranch, label: "Flow", className: "bg-hover text-ink" },
  data: { icon: Database, label: "Data", className: "bg-success-soft text-success" },
  action: { icon: Send, label: "Actions", className: "bg-hover text-ink" },
  human: { icon: Hand, label: "People", className: "bg-danger-soft text-danger" },
};

interface StateLook {
  icon: LucideIcon;
  label: string;
  tone: Tone;
  className: string;
}

export const STATES: Readonly<Record<NodeStatus | RunStatus, StateLook>> = {
  pending: { icon: CircleDashed, label: "Not begun", tone: "neutral", className: "text-muted" },
  queued: { icon: Clock, label: "Queued", tone: "neutral", className: "text-muted" },
  running: { icon: LoaderCircle, label: "Running", tone: "accent", className: "text-accent-ink animate-spin" },
  waiting: { icon: Clock, label: "Waiting", tone: "warning", className: "text-warning" },
  succeeded: { icon: CircleCheck, label: "Succeeded", tone: "success", className: "text-success" },
  reused: { icon: Recycle, label: "Reused", tone: "success", className: "text-success" },
  failed: { icon: CircleAlert, label: "Failed", tone: "danger", className: "text-danger" },
  skipped: { icon: SkipForward, label: "Skipped", tone: "neutral", className: "text-muted" },
  cancelled: { icon: Ban, label: "Cancelled", tone: "neutral", className: "text-muted" },
};

export function StateBadge({ status }: { status: NodeStatus | RunStatus }) {
  const { icon: Icon, label, tone, className } = STATES[status];
  return (
    <Badge tone={tone}>
      <Icon className={className} aria-hidden />
      {t(label)}
    </Badge>
  );
}

const WORKFLOW_STATES: Readonly<Record<Workflow["status"], { label: string; tone: Tone }>> = {
  draft: { label: "Draft", tone: "neutral" },
  active: { label: "Active", tone: "success" },
  inactive: { label: "Inactive", tone: "warning" },
};

export function WorkflowBadge({ status }: { status: Workflow["status"] }) {
  const { label, tone } = WORKFLOW_STATES[status];
  return <Badge tone={tone}>{t(label)}</Badge>;
}
