import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { given } from "@/api/lists";
import { oneOf, text } from "@/executions/search";
import { workspace } from "@/shell/routes";

import { TASK_STATUSES, type TaskFilters } from "./queries";

export const commandRoomRoutes = [
  createRoute({
    getParentRoute: () => workspace,
    path: "/command-room",
    validateSearch: (search: Record<string, unknown>): TaskFilters =>
      given({ status: oneOf(TASK_STATUSES, search["status"]), app: text(search["app"]), search: text(search["search"]) }),
    component: lazyRouteComponent(() => import("./command-room-page"), "CommandRoomPage"),
  }),
] as const;
