import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

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

export const settingsRoutes = [general, members, tokens] as const;
