/** An agent: its name, and a tab for each part of it. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, linkOptions, Outlet } from "@tanstack/react-router";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Failure } from "@/ui/state";
import { Tabs } from "@/ui/tabs";

import { agentQuery } from "./queries";

const route = getRouteApi("/w/$workspace/agents/$agent");

export function AgentPage() {
  const workspace = useWorkspace();
  const params = { workspace: workspace.uuid, agent: route.useParams().agent };
  const agent = useQuery(agentQuery(workspace.uuid, params.agent));
  const tabs = [
    { label: "Definition", link: linkOptions({ to: "/w/$workspace/agents/$agent", params }) },
    ...(workspace.may("threads.run") && workspace.may("threads.create")
      ? [{ label: "Test chat", link: linkOptions({ to: "/w/$workspace/agents/$agent/test", params }) }]
      : []),
    { label: "Knowledge", link: linkOptions({ to: "/w/$workspace/agents/$agent/knowledge", params }) },
    { label: "Versions", link: linkOptions({ to: "/w/$workspace/agents/$agent/versions", params }) },
    ...(workspace.may("evaluations.view")
      ? [{ label: "Evaluations", link: linkOptions({ to: "/w/$workspace/agents/$agent/evaluations", params }) }]
      : []),
    ...(workspace.may("budgets.view") ? [{ label: "Budgets", link: linkOptions({ to: "/w/$workspace/agents/$agent/budgets", params }) }] : []),
    ...(workspace.may("shares.view") ? [{ label: "Sharing", link: linkOptions({ to: "/w/$workspace/agents/$agent/sharing", params }) }] : []),
  ];
  return (
    <Page
      width="full"
      title={agent.data?.item.name ?? t("Agent")}
      above={
        <Link to="/w/$workspace/agents" params={params} className="hover:text-ink hover:underline">
          {t("Agents")}
        </Link>
      }
      actions={agent.data && <Badge>{t("Version {number}", { number: agent.data.item.version })}</Badge>}
    >
      <Tabs label={t("Parts of the agent")} tabs={tabs} />
      {agent.isError ? (
        <Failure error={agent.error} onRetry={() => void agent.refetch()} />
      ) : agent.isPending ? (
        <Skeleton />
      ) : (
        // Whatever is within is of this agent alone.
        <Outlet key={params.agent} />
      )}
    </Page>
  );
}
