import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import type { DatasetSearch } from "./queries";

const validateSearch = (search: Record<string, unknown>): DatasetSearch =>
  typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {};

const list = createRoute({
  getParentRoute: () => workspace,
  path: "/datasets",
  validateSearch,
  component: lazyRouteComponent(() => import("./datasets-page"), "DatasetsPage"),
});

const one = createRoute({
  getParentRoute: () => workspace,
  path: "/datasets/$dataset",
  validateSearch,
  component: lazyRouteComponent(() => import("./dataset-page"), "DatasetPage"),
});

export const datasetRoutes = [list, one] as const;
