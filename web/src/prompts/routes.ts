import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import type { PromptSearch } from "./queries";

const list = createRoute({
  getParentRoute: () => workspace,
  path: "/prompts",
  validateSearch: (search: Record<string, unknown>): PromptSearch =>
    typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {},
  component: lazyRouteComponent(() => import("./prompts-page"), "PromptsPage"),
});

const one = createRoute({
  getParentRoute: () => workspace,
  path: "/prompts/$prompt",
  component: lazyRouteComponent(() => import("./prompt-page"), "PromptPage"),
});

export const promptRoutes = [list, one] as const;
