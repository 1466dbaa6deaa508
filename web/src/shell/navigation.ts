/** The pages of a workspace, as the sidebar and the palette list them. */
import { linkOptions, type LinkProps } from "@tanstack/react-router";
import { Activity, ChartColumn, Hand, Radar, type LucideIcon } from "lucide-react";
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
];
