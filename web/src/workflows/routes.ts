import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import type { Workflow } from "./queries";

const STATUSES = ["draft", "active", "inactive"] as const;
const PANELS = ["workflow", "versions", "executions", "webhook", "problems"] as const;

export type Panel = (typeof PANELS)[number];

export interface ListSearch {
  search?: string;
  status?: Workflow["status"];
  tag?: string;
  sort?: string;
}

export interface EditorSearch {
  /** The node whose panel is open. */
  node?: string;
  /** What of the workflow is shown beside the canvas. */
  panel?: Panel;
  /** A run whose states are shown on the canvas. */
  run?: string;
  /** A past execution, shown with the graph as it ran. */
  execution?: string;
}

function text(search: Record<string, unknown>, name: string): Record<string, string> {
  const value = search[name];
  return typeof value === "string" && value ? { [name]: value } : {};
}

function among(search: Record<string, unknown>, name: string, values: readonly string[]): Record<string, string> {
  return values.includes(String(search[name])) ? text(search, name) : {};
}

export const workflowRoutes = [
  createRoute({
    getParentRoute: () => workspace,
    path: "/workflows",
    validateSearch: (search): ListSearch => ({
      ...text(search, "search"),
      ...among(search, "status", STATUSES),
      ...text(search, "tag"),
      ...among(search, "sort", ["name", "-created_at"]),
    }),
    component: lazyRouteComponent(() => import("./list-page"), "WorkflowsPage"),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: "/workflows/$workflow",
    validateSearch: (search): EditorSearch => ({
      ...text(search, "node"),
      ...among(search, "panel", PANELS),
      ...text(search, "run"),
      ...text(search, "execution"),
    }),
    component: lazyRouteComponent(() => import("./editor-page"), "EditorPage"),
  }),
] as const;
