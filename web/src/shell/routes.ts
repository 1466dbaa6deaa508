/** The routes that all pages hang from: the page itself, and what is within a workspace, for who is signed in. */
import { createRootRoute, createRoute, redirect } from "@tanstack/react-router";

import { ApiError, hasSession } from "@/api/client";
import { queryClient, userQuery } from "@/api/queries";
import { FailurePage, NotFoundPage } from "@/shell/problem-pages";
import { Shell } from "@/shell/shell";
import { rememberWorkspace } from "@/shell/workspace";

export const root = createRootRoute({ notFoundComponent: NotFoundPage, errorComponent: FailurePage });

/** The user; without a session it leads to the sign-in, and back from there. */
export async function signedIn(href: string) {
  const toSignIn = redirect({ to: "/sign-in", search: href === "/" ? {} : { then: href } });
  if (!hasSession()) throw toSignIn;
  try {
    return await queryClient.ensureQueryData(userQuery);
  } catch (error) {
    throw error instanceof ApiError && error.status === 401 ? toSignIn : error;
  }
}

export const workspace = createRoute({
  getParentRoute: () => root,
  path: "/w/$workspace",
  beforeLoad: async ({ location, params }) => {
    const user = await signedIn(location.href);
    if (!user.workspaces.some((each) => each.uuid === params.workspace)) throw redirect({ to: "/" });
    rememberWorkspace(params.workspace);
  },
  component: Shell,
});
