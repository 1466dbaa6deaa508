import { linkOptions } from "@tanstack/react-router";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Tabs } from "@/ui/tabs";

import type { ExecutionFilters } from "./search";

/** The same executions one by one, and by how they failed. */
export function ExecutionTabs({ filters: { fingerprint: _, ...filters } }: { filters: ExecutionFilters }) {
  const params = { workspace: useWorkspace().uuid };
  return (
    <Tabs
      label={t("Executions")}
      tabs={[
        { label: "All executions", link: linkOptions({ to: "/w/$workspace/executions", params, search: filters }) },
        { label: "Errors", link: linkOptions({ to: "/w/$workspace/executions/errors", params, search: filters }) },
      ]}
    />
  );
}
