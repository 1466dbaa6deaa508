/** All budgets of the workspace. */
import { getRouteApi } from "@tanstack/react-router";

import { t } from "@/i18n";
import { SettingsPage } from "@/settings/settings-page";
import { Select } from "@/ui/field";

import { Budgets } from "./budgets";
import { SCOPES, type ScopeType } from "./queries";

const route = getRouteApi("/w/$workspace/settings/budgets");

export function BudgetsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SettingsPage>
      <Budgets search={search} about={t("How much may be spent on models in a period. Of those that a call falls under, each holds.")}>
        <Select
          aria-label={t("Whose")}
          className="h-9 w-auto self-start"
          value={search.scope_type ?? ""}
          onChange={({ target: { value } }) => void navigate({ search: value ? { scope_type: value as ScopeType } : {}, replace: true })}
        >
          <option value="">{t("All budgets")}</option>
          {Object.entries(SCOPES).map(([type, { label }]) => (
            <option key={type} value={type}>
              {t(label)}
            </option>
          ))}
        </Select>
      </Budgets>
    </SettingsPage>
  );
}
