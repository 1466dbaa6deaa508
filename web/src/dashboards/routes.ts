import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import { validateDashboard } from "./search";

export const dashboardRoutes = [
  createRoute({
    getParentRoute: () => workspace,
    path: "/dashboards",
    validateSearch: validateDashboard,
    component: lazyRouteComponent(() => import("./dashboards-page"), "DashboardsPage"),
  }),
] as const;
