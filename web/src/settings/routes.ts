import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

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

export const settingsRoutes = [start, general, members, tokens] as const;
