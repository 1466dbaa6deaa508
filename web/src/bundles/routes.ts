import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

interface BundleSearch {
  /** The uploaded bundle that is looked at. */
  bundle?: string;
}

const page = createRoute({
  getParentRoute: () => workspace,
  path: "/bundles",
  validateSearch: (search: Record<string, unknown>): BundleSearch =>
    typeof search["bundle"] === "string" && search["bundle"] ? { bundle: search["bundle"] } : {},
  component: lazyRouteComponent(() => import("./bundles-page"), "BundlesPage"),
});

export const bundleRoutes = [page] as const;
