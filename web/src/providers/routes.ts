import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspace } from "@/shell/routes";

import { CAPABILITIES, KINDS, type ModelFilters, type ProviderFilters } from "./queries";

function text<Name extends string>(search: Record<string, unknown>, name: Name): Partial<Record<Name, string>> {
  const given = search[name];
  return typeof given === "string" && given ? ({ [name]: given } as Record<Name, string>) : {};
}

const providers = createRoute({
  getParentRoute: () => workspace,
  path: "/providers",
  validateSearch: (search: Record<string, unknown>): ProviderFilters => {
    const kind = KINDS.find((each) => each === search["kind"]);
    return { ...text(search, "search"), ...(kind ? { kind } : {}) };
  },
  component: lazyRouteComponent(() => import("./providers-page"), "ProvidersPage"),
});

const models = createRoute({
  getParentRoute: () => workspace,
  path: "/models",
  validateSearch: (search: Record<string, unknown>): ModelFilters => {
    const capability = CAPABILITIES.find((each) => each === search["capability"]);
    return { ...text(search, "search"), ...text(search, "provider"), ...(capability ? { capability } : {}) };
  },
  component: lazyRouteComponent(() => import("./models-page"), "ModelsPage"),
});

export const providerRoutes = [providers, models] as const;
