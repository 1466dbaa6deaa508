import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

export interface AgentsSearch {
  search?: string;
  tag?: string;
  sort?: string;
  view?: "cards";
}

const agents = createRoute({
  getParentRoute: () => workspace,
  path: "/agents",
  validateSearch: (search): AgentsSearch => ({
    ...(typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {}),
    ...(typeof search["tag"] === "string" && search["tag"] ? { tag: search["tag"] } : {}),
    ...(typeof search["sort"] === "string" && search["sort"] ? { sort: search["sort"] } : {}),
    ...(search["view"] === "cards" ? { view: "cards" } : {}),
  }),
  component: lazyRouteComponent(() => import("./agents-page"), "AgentsPage"),
});

const agent = createRoute({
  getParentRoute: () => workspace,
  path: "/agents/$agent",
  component: lazyRouteComponent(() => import("./agent-page"), "AgentPage"),
});

const definition = createRoute({
  getParentRoute: () => agent,
  path: "/",
  component: lazyRouteComponent(() => import("./definition-page"), "DefinitionPage"),
});

const test = createRoute({
  getParentRoute: () => agent,
  path: "/test",
  component: lazyRouteComponent(() => import("./test-chat"), "TestPage"),
});

export interface KnowledgeSearch {
  search?: string;
}

const knowledge = createRoute({
  getParentRoute: () => agent,
  path: "/knowledge",
  validateSearch: (search): KnowledgeSearch =>
    typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {},
  component: lazyRouteComponent(() => import("./knowledge-page"), "KnowledgePage"),
});

export interface VersionsSearch {
  /** The version that is looked at, and the one that it is compared with. */
  number?: number;
  since?: number;
}

const versions = createRoute({
  getParentRoute: () => agent,
  path: "/versions",
  validateSearch: (search): VersionsSearch => ({
    ...(typeof search["number"] === "number" ? { number: search["number"] } : {}),
    ...(typeof search["since"] === "number" ? { since: search["since"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./versions-page"), "VersionsPage"),
});

export interface EvaluationsSearch {
  /** The evaluation that is looked at, and the one that it is compared with. */
  run?: string;
  with?: string;
}

const evaluations = createRoute({
  getParentRoute: () => agent,
  path: "/evaluations",
  validateSearch: (search): EvaluationsSearch => ({
    ...(typeof search["run"] === "string" ? { run: search["run"] } : {}),
    ...(typeof search["with"] === "string" ? { with: search["with"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./evaluations-page"), "EvaluationsPage"),
});

const sharing = createRoute({
  getParentRoute: () => agent,
  path: "/sharing",
  component: lazyRouteComponent(() => import("./sharing-page"), "SharingPage"),
});

const budgets = createRoute({
  getParentRoute: () => agent,
  path: "/budgets",
  component: lazyRouteComponent(() => import("./budgets-page"), "BudgetsPage"),
});

export const agentRoutes = [agents, agent.addChildren([definition, test, knowledge, versions, evaluations, budgets, sharing])] as const;
