import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import type { ToolType } from "./queries";
import { TOOL_TYPES } from "./types";

export interface ToolsSearch {
  search?: string;
  type?: ToolType;
}

const isType = (given: unknown): given is ToolType => TOOL_TYPES.some((each) => each.type === given);

const tools = createRoute({
  getParentRoute: () => workspace,
  path: "/tools",
  validateSearch: (search): ToolsSearch => ({
    ...(typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {}),
    ...(isType(search["type"]) ? { type: search["type"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./tools-page"), "ToolsPage"),
});

const newTool = createRoute({
  getParentRoute: () => workspace,
  path: "/tools/new/$type",
  component: lazyRouteComponent(() => import("./tool-page"), "NewToolPage"),
});

const tool = createRoute({
  getParentRoute: () => workspace,
  path: "/tools/$tool",
  component: lazyRouteComponent(() => import("./tool-page"), "ToolPage"),
});

export interface GuardrailsSearch {
  search?: string;
}

const guardrails = createRoute({
  getParentRoute: () => workspace,
  path: "/guardrails",
  validateSearch: (search): GuardrailsSearch =>
    typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {},
  component: lazyRouteComponent(() => import("./guardrails-page"), "GuardrailsPage"),
});

const newGuardrail = createRoute({
  getParentRoute: () => workspace,
  path: "/guardrails/new/$type",
  component: lazyRouteComponent(() => import("./guardrail-page"), "NewGuardrailPage"),
});

const guardrail = createRoute({
  getParentRoute: () => workspace,
  path: "/guardrails/$guardrail",
  component: lazyRouteComponent(() => import("./guardrail-page"), "GuardrailPage"),
});

export const toolRoutes = [tools, newTool, tool, guardrails, newGuardrail, guardrail] as const;
