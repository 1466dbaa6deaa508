import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import { text, validateFilters } from "./search";

const list = createRoute({
  getParentRoute: () => workspace,
  path: "/executions",
  validateSearch: validateFilters,
  component: lazyRouteComponent(() => import("./executions-page"), "ExecutionsPage"),
});

const errors = createRoute({
  getParentRoute: () => workspace,
  path: "/executions/errors",
  validateSearch: validateFilters,
  component: lazyRouteComponent(() => import("./errors-page"), "ErrorsPage"),
});

interface ExecutionSearch {
  /** The node that is shown in full. */
  node?: string;
}

const one = createRoute({
  getParentRoute: () => workspace,
  path: "/executions/$execution",
  validateSearch: (search: Record<string, unknown>): ExecutionSearch => {
    const node = text(search["node"]);
    return node === undefined ? {} : { node };
  },
  component: lazyRouteComponent(() => import("./execution-page"), "ExecutionPage"),
});

export const executionRoutes = [list, errors, one] as const;
