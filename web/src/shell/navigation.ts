/** The pages of a workspace, as the sidebar and the palette list them. */
import { linkOptions, type LinkProps } from "@tanstack/react-router";
import {
  Activity,
  Bot,
  Brain,
  ChartColumn,
  Cpu,
  Hand,
  Package,
  Plug,
  Radar,
  Settings,
  ShieldCheck,
  TextQuote,
  Workflow,
  Wrench,
  type LucideIcon,
} from "lucide-react";
import type { ComponentType } from "react";

import { OpenCount } from "@/approvals/open-count";

export interface NavigationItem {
  label: string;
  icon: LucideIcon;
  /** Where it is in a workspace, by `linkOptions`. */
  link: (workspace: string) => LinkProps;
  /** What one must be allowed to see it. */
  permission: string;
  /** What stands beside its name, such as how many things wait there. */
  Aside?: ComponentType;
}

export const NAVIGATION: readonly NavigationItem[] = [
  {
    label: "Agents",
    icon: Bot,
    link: (workspace) => linkOptions({ to: "/w/$workspace/agents", params: { workspace } }),
    permission: "agents.view",
  },
  {
    label: "Workflows",
    icon: Workflow,
    link: (workspace) => linkOptions({ to: "/w/$workspace/workflows", params: { workspace } }),
    permission: "workflows.view",
  },
  {
    label: "Executions",
    icon: Activity,
    link: (workspace) => linkOptions({ to: "/w/$workspace/executions", params: { workspace } }),
    permission: "workflow_executions.view",
  },
  {
    label: "Approvals",
    icon: Hand,
    link: (workspace) => linkOptions({ to: "/w/$workspace/approvals", params: { workspace } }),
    permission: "workflow_executions.view",
    Aside: OpenCount,
  },
  {
    label: "Tools",
    icon: Wrench,
    link: (workspace) => linkOptions({ to: "/w/$workspace/tools", params: { workspace } }),
    permission: "tools.view",
  },
  {
    label: "Guardrails",
    icon: ShieldCheck,
    link: (workspace) => linkOptions({ to: "/w/$workspace/guardrails", params: { workspace } }),
    permission: "guardrails.view",
  },
  {
    label: "Prompts",
    icon: TextQuote,
    link: (workspace) => linkOptions({ to: "/w/$workspace/prompts", params: { workspace } }),
    permission: "prompts.view",
  },
  {
    label: "Memories",
    icon: Brain,
    link: (workspace) => linkOptions({ to: "/w/$workspace/memories", params: { workspace } }),
    permission: "memories.view",
  },
  {
    label: "Bundles",
    icon: Package,
    link: (workspace) => linkOptions({ to: "/w/$workspace/bundles", params: { workspace } }),
    permission: "bundles.apply",
  },
  {
    label: "Dashboards",
    icon: ChartColumn,
    link: (workspace) => linkOptions({ to: "/w/$workspace/dashboards", params: { workspace } }),
    permission: "metrics.view",
  },
  {
    label: "Command room",
    icon: Radar,
    link: (workspace) => linkOptions({ to: "/w/$workspace/command-room", params: { workspace } }),
    permission: "command_room_tasks.view",
  },
  {
    label: "Providers",
    icon: Plug,
    link: (workspace) => linkOptions({ to: "/w/$workspace/providers", params: { workspace } }),
    permission: "providers.view",
  },
  {
    label: "Models",
    icon: Cpu,
    link: (workspace) => linkOptions({ to: "/w/$workspace/models", params: { workspace } }),
    permission: "large_language_models.view",
  },
  {
    label: "Settings",
    icon: Settings,
    link: (workspace) => linkOptions({ to: "/w/$workspace/settings", params: { workspace } }),
    permission: "workspaces.view",
  },
];
