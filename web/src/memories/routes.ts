import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import { KINDS, SCOPES, type MemoryFilters } from "./queries";

const memories = createRoute({
  getParentRoute: () => workspace,
  path: "/memories",
  validateSearch: (search: Record<string, unknown>): MemoryFilters => {
    const kind = KINDS.find((each) => each === search["kind"]);
    const scope = SCOPES.find((each) => each === search["scope"]);
    return {
      ...(typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {}),
      ...(kind ? { kind } : {}),
      ...(scope ? { scope } : {}),
      ...(typeof search["agent"] === "string" ? { agent: search["agent"] } : {}),
      ...(search["replaced"] === true ? { replaced: true } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./memories-page"), "MemoriesPage"),
});

export const memoryRoutes = [memories] as const;
