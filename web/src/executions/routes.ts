import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { given } from "@/api/lists";
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
  /** Of a loop, the item whose pass is shown, from 0. */
  pass?: number;
}

const one = createRoute({
  getParentRoute: () => workspace,
  path: "/executions/$execution",
  validateSearch: (search: Record<string, unknown>): ExecutionSearch => {
    const pass = Number(search["pass"]);
    return given({ node: text(search["node"]), pass: Number.isInteger(pass) && pass > 0 ? pass : undefined });
  },
  component: lazyRouteComponent(() => import("./execution-page"), "ExecutionPage"),
});

export const executionRoutes = [list, errors, one] as const;
