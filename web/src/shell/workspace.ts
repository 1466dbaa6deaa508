/** The workspace that the address names, and what the user may do there. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import type { Schemas } from "@/api/client";
import { userQuery } from "@/api/queries";

const KEPT = "athena.workspace";
const route = getRouteApi("/w/$workspace");

export interface Workspace extends Omit<Schemas["UserWorkspace"], "permissions"> {
  may: (permission: string) => boolean;
}

export function useWorkspace(): Workspace {
  const { workspace } = route.useParams();
  const { data: user } = useSuspenseQuery(userQuery);
  const found = user.workspaces.find((each) => each.uuid === workspace);
  // The route leads nobody here who is not a member.
  const permissions = new Set(found?.permissions);
  return { uuid: workspace, name: found?.name ?? "", role: found?.role ?? "", may: (each) => permissions.has(each) };
}

/** Where the user was last, or else begins. */
export function homeWorkspace(user: Schemas["User"]): string | null {
  const uuids = user.workspaces.map((each) => each.uuid);
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept, user.default_workspace_uuid].find((each) => each !== null && uuids.includes(each));
  return wanted ?? uuids[0] ?? null;
}

export function rememberWorkspace(uuid: string): void {
  localStorage.setItem(KEPT, uuid);
}
