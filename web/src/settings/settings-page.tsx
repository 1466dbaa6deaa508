/** What is around every page of the settings. */
import { linkOptions } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";

export function SettingsPage({ children }: { children: ReactNode }) {
  const { uuid: workspace, name, may } = useWorkspace();
  const tabs = [
    { label: "General", link: linkOptions({ to: "/w/$workspace/settings/general", params: { workspace } }), permission: "workspaces.view" },
    { label: "Members", link: linkOptions({ to: "/w/$workspace/settings/members", params: { workspace } }), permission: "members.view" },
    { label: "Tokens", link: linkOptions({ to: "/w/$workspace/settings/tokens", params: { workspace } }), permission: "tokens.view" },
    { label: "Budgets", link: linkOptions({ to: "/w/$workspace/settings/budgets", params: { workspace } }), permission: "budgets.view" },
    { label: "Variables", link: linkOptions({ to: "/w/$workspace/settings/variables", params: { workspace } }), permission: "variables.view" },
    { label: "Embeddings", link: linkOptions({ to: "/w/$workspace/settings/embeddings", params: { workspace } }), permission: "memories.view" },
    { label: "Webhooks", link: linkOptions({ to: "/w/$workspace/settings/webhooks", params: { workspace } }), permission: "webhooks.view" },
    { label: "Audit log", link: linkOptions({ to: "/w/$workspace/settings/audit", params: { workspace } }), permission: "audit_events.view" },
    { label: "Data", link: linkOptions({ to: "/w/$workspace/settings/data", params: { workspace } }), permission: "workspaces.update" },
  ];
  return (
    <Page title={t("Settings")} about={name} width="table">
      <Tabs label={t("Settings")} tabs={tabs.filter((tab) => may(tab.permission))} />
      {children}
    </Page>
  );
}
