import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { SCOPES, type BudgetsSearch, type ScopeType } from "@/budgets/queries";
import { workspace } from "@/shell/routes";

import type { VariablesSearch } from "./variables";
import { validateAudit } from "./audit-search";
import { validateDeliveries } from "./delivery-search";

const start = createRoute({
  getParentRoute: () => workspace,
  path: "/settings",
  beforeLoad: ({ params, location }) => {
    if (location.pathname.endsWith("/settings")) throw redirect({ to: "/w/$workspace/settings/general", params });
  },
});

const general = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/general",
  component: lazyRouteComponent(() => import("./general-page"), "GeneralPage"),
});

const members = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/members",
  component: lazyRouteComponent(() => import("./members-page"), "MembersPage"),
});

const tokens = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/tokens",
  component: lazyRouteComponent(() => import("./tokens-page"), "TokensPage"),
});

const budgets = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/budgets",
  validateSearch: ({ scope_type }): BudgetsSearch =>
    typeof scope_type === "string" && scope_type in SCOPES ? { scope_type: scope_type as ScopeType } : {},
  component: lazyRouteComponent(() => import("@/budgets/budgets-page"), "BudgetsPage"),
});

const variables = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/variables",
  validateSearch: ({ search, kind }): VariablesSearch => ({
    ...(typeof search === "string" && search ? { search } : {}),
    ...(kind === "variable" || kind === "secret" ? { kind } : {}),
  }),
  component: lazyRouteComponent(() => import("./variables-page"), "VariablesPage"),
});

const embeddings = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/embeddings",
  component: lazyRouteComponent(() => import("./embeddings-page"), "EmbeddingsPage"),
});

const webhooks = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/webhooks",
  component: lazyRouteComponent(() => import("./webhooks-page"), "WebhooksPage"),
});

const webhook = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/webhooks/$webhook",
  validateSearch: validateDeliveries,
  component: lazyRouteComponent(() => import("./webhook-page"), "WebhookPage"),
});

const audit = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/audit",
  validateSearch: validateAudit,
  component: lazyRouteComponent(() => import("./audit-page"), "AuditPage"),
});

const data = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/data",
  component: lazyRouteComponent(() => import("./data-page"), "DataPage"),
});

const profile = createRoute({
  getParentRoute: () => workspace,
  path: "/profile",
  component: lazyRouteComponent(() => import("./profile-page"), "ProfilePage"),
});

export const settingsRoutes = [
  start, general, members, tokens, budgets, variables, embeddings, webhooks, webhook, audit, data, profile,
] as const;
