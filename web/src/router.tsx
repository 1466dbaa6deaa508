import { createRoute, createRouter, redirect } from "@tanstack/react-router";

import { agentRoutes } from "@/agents/routes";
import { approvalRoutes } from "@/approvals/routes";
import { ResetPasswordPage } from "@/auth/reset-password";
import { SignInPage } from "@/auth/sign-in";
import { bundleRoutes } from "@/bundles/routes";
import { ChatPage } from "@/chat/chat-page";
import { commandRoomRoutes } from "@/command-room/routes";
import { dashboardRoutes } from "@/dashboards/routes";
import { datasetRoutes } from "@/datasets/routes";
import { executionRoutes } from "@/executions/routes";
import { memoryRoutes } from "@/memories/routes";
import { promptRoutes } from "@/prompts/routes";
import { providerRoutes } from "@/providers/routes";
import { settingsRoutes } from "@/settings/routes";
import { NotFoundPage } from "@/shell/problem-pages";
import { root, signedIn, workspace } from "@/shell/routes";
import { homeWorkspace } from "@/shell/workspace";
import { startRoutes } from "@/start/routes";
import { toolRoutes } from "@/tools/routes";
import { workflowRoutes } from "@/workflows/routes";

interface HomeSearch {
  /** An uploaded bundle, which a link opens. */
  bundle?: string;
}

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (search): HomeSearch => (typeof search["bundle"] === "string" ? { bundle: search["bundle"] } : {}),
  beforeLoad: async ({ location, search: { bundle } }) => {
    const workspace = homeWorkspace(await signedIn(location.href));
    if (workspace !== null && bundle) throw redirect({ to: "/w/$workspace/bundles", params: { workspace }, search: { bundle } });
    if (workspace !== null) throw redirect({ to: "/w/$workspace/chat", params: { workspace } });
  },
  component: NotFoundPage,
});

interface SignInSearch {
  /** Where to go afterwards. */
  then?: string;
  /** Whether the password was changed just now. */
  changed?: boolean;
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search): SignInSearch => ({
    ...(typeof search["then"] === "string" ? { then: search["then"] } : {}),
    ...(search["changed"] === true ? { changed: true } : {}),
  }),
  component: SignInPage,
});

const resetPassword = createRoute({ getParentRoute: () => root, path: "/reset-password", component: ResetPasswordPage });

const workspaceHome = createRoute({
  getParentRoute: () => workspace,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/w/$workspace/chat", params });
  },
});

interface ChatSearch {
  /** A message of the branch that is shown; the newest one without it. */
  at?: string;
}

const validateChat = (search: Record<string, unknown>): ChatSearch =>
  typeof search["at"] === "string" ? { at: search["at"] } : {};

const newChat = createRoute({
  getParentRoute: () => workspace,
  path: "/chat",
  component: ChatPage,
});

const chat = createRoute({
  getParentRoute: () => workspace,
  path: "/chat/$thread",
  validateSearch: validateChat,
  component: ChatPage,
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    resetPassword,
    workspace.addChildren([
      workspaceHome,
      newChat,
      chat,
      ...agentRoutes,
      ...approvalRoutes,
      ...bundleRoutes,
      ...commandRoomRoutes,
      ...dashboardRoutes,
      ...datasetRoutes,
      ...executionRoutes,
      ...memoryRoutes,
      ...promptRoutes,
      ...providerRoutes,
      ...settingsRoutes,
      ...startRoutes,
      ...toolRoutes,
      ...workflowRoutes,
    ]),
  ]),
  defaultPreload: false,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
