import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

const start = createRoute({
  getParentRoute: () => workspace,
  path: "/start",
  component: lazyRouteComponent(() => import("./start-page"), "StartPage"),
});

export const startRoutes = [start] as const;
