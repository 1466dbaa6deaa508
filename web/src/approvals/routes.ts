import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { given } from "@/api/lists";
import { oneOf } from "@/executions/search";
import { workspace } from "@/shell/routes";

import { APPROVAL_STATUSES, type ApprovalStatus } from "./queries";

interface ApprovalSearch {
  /** Open ones without it. */
  status?: ApprovalStatus;
  kind?: "approval" | "form";
}

export const approvalRoutes = [
  createRoute({
    getParentRoute: () => workspace,
    path: "/approvals",
    validateSearch: (search: Record<string, unknown>): ApprovalSearch =>
      given({ status: oneOf(APPROVAL_STATUSES, search["status"]), kind: oneOf(["approval", "form"] as const, search["kind"]) }),
    component: lazyRouteComponent(() => import("./approvals-page"), "ApprovalsPage"),
  }),
] as const;
