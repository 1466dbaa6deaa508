/** What this agent may spend, and what of it is used. */
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";

import { Budgets } from "@/budgets/budgets";
import type { BudgetsSearch } from "@/budgets/queries";
import { t } from "@/i18n";

const route = getRouteApi("/w/$workspace/agents/$agent/budgets");

export function BudgetsPage() {
  const { agent } = route.useParams();
  const search = useMemo((): BudgetsSearch => ({ scope_type: "agent", scope_uuid: agent }), [agent]);
  return <Budgets search={search} about={t("What all runs of this agent together may spend. Budgets of the workspace and of its users hold as well.")} />;
}
