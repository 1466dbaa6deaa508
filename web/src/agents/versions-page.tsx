/** How an agent answered before, what changed since, and which version answers whom. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { History, RotateCcw } from "lucide-react";
import { useMemo, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { agentsQuery } from "@/api/queries";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { allGuardrailsQuery, allToolsQuery } from "@/tools/queries";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { cn } from "@/ui/classes";
import { Confirm } from "@/ui/confirm";
import { Select } from "@/ui/field";
import { Listing, Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty, Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { Channels } from "./channels";
import { partsOf } from "./labels";
import { linesOf, type Names } from "./named-changes";
import { accountsQuery, changesQuery, versionsQuery, type Version } from "./queries";

const route = getRouteApi("/w/$workspace/agents/$agent/versions");

export function VersionsPage() {
  const workspace = useWorkspace();
  const { agent } = route.useParams();
  const search = route.useSearch();
  const query = useInfiniteQuery(versionsQuery(workspace.uuid, agent));
  const newest = query.data?.pages[0]?.data[0]?.number ?? 1;
  const number = search.number ?? newest;
  const since = search.since ?? Math.max(number - 1, 1);
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,18rem)_minmax(0,1fr)]">
      <div className="grid gap-6">
        <Section title={t("Versions")}>
          <Listing
            query={query}
            empty={
              <Empty icon={<History aria-hidden />} title={t("There are no versions yet.")}>
                {t("Each change of how it answers makes one.")}
              </Empty>
            }
          >
            {(items) => (
              <ul className="grid max-h-[60vh] gap-1 overflow-y-auto" aria-label={t("Versions")}>
                {items.map((each) => (
                  <li key={each.number}>
                    <VersionLink version={each} isShown={each.number === number} isNewest={each.number === newest} />
                  </li>
                ))}
              </ul>
            )}
          </Listing>
        </Section>
        <Channels agent={agent} newest={newest} />
      </div>
      {query.isSuccess && <Difference agent={agent} number={number} since={since} newest={newest} />}
    </div>
  );
}

function VersionLink({ version, isShown, isNewest }: { version: Version; isShown: boolean; isNewest: boolean }) {
  const { uuid } = useWorkspace();
  return (
    <Link
      to="/w/$workspace/agents/$agent/versions"
      params={{ workspace: uuid, agent: version.agent_uuid }}
      search={{ number: version.number }}
      aria-current={isShown ? "page" : undefined}
      className={cn("block rounded-lg px-3 py-2 hover:bg-hover", isShown && "bg-hover")}
    >
      <span className="flex items-center gap-2 font-medium">
        {t("Version {number}", { number: version.number })}
        {isNewest && <Badge tone="accent">{t("Newest")}</Badge>}
      </span>
      <span className="block text-xs text-muted">
        {formatTime(version.created_at)}
        {version.creator && ` · ${version.creator.name}`}
      </span>
    </Link>
  );
}

interface DifferenceProps {
  agent: string;
  number: number;
  since: number;
  newest: number;
}

function Difference({ agent, number, since, newest }: DifferenceProps) {
  const { uuid, may } = useWorkspace();
  const navigate = route.useNavigate();
  const [isRestoring, setRestoring] = useState(false);
  const names = useNames();
  const changes = useQuery(changesQuery(uuid, agent, since, number));
  return (
    <Section
      title={t("Version {number}", { number })}
      actions={
        <>
          <label className="flex items-center gap-2 text-muted">
            {t("Compared with")}
            <Select
              className="h-9 w-auto text-ink"
              value={since}
              onChange={(event) => void navigate({ search: { number, since: Number(event.target.value) }, replace: true })}
            >
              {Array.from({ length: newest }, (_, at) => newest - at).map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </Select>
          </label>
          {may("agents.update") && number !== newest && (
            <Button onClick={() => setRestoring(true)}>
              <RotateCcw aria-hidden /> {t("Restore")}
            </Button>
          )}
        </>
      }
    >
      {changes.isError ? (
        <Failure error={changes.error} onRetry={() => void changes.refetch()} />
      ) : changes.isPending ? (
        <Skeleton rows={3} />
      ) : changes.data.changes.length === 0 ? (
        <p className="rounded-xl border p-6 text-center text-muted">
          {number === since ? t("This is the version that it is compared with.") : t("Both answer the same way.")}
        </p>
      ) : (
        <ul className="grid gap-3" aria-label={t("Changes")}>
          {changes.data.changes.map((each) => (
            <ChangeView key={each.path} change={each} names={names} />
          ))}
        </ul>
      )}
      {isRestoring && <Restore agent={agent} number={number} onClose={() => setRestoring(false)} />}
    </Section>
  );
}

/** The names of what agents are made of. */
function useNames(): Names {
  const { uuid, may } = useWorkspace();
  const tools = useQuery({ ...allToolsQuery(uuid), enabled: may("tools.view") });
  const guardrails = useQuery({ ...allGuardrailsQuery(uuid), enabled: may("guardrails.view") });
  const accounts = useQuery({ ...accountsQuery(uuid), enabled: may("accounts.view") });
  const agents = useQuery(agentsQuery(uuid));
  return useMemo(() => {
    const known = [tools.data, guardrails.data, accounts.data, agents.data].flatMap((each): { uuid: string; name: string }[] => each ?? []);
    return new Map(known.map((each) => [each.uuid, each.name]));
  }, [tools.data, guardrails.data, accounts.data, agents.data]);
}

function ChangeView({ change, names }: { change: Schemas["AgentChange"]; names: Names }) {
  const label = partsOf(change.path).join(" › ");
  return (
    <li className="overflow-hidden rounded-xl border">
      <p className="border-b bg-panel px-3 py-1.5 font-medium">{label}</p>
      {change.lines ? (
        <pre tabIndex={0} aria-label={label} className="max-h-96 overflow-auto font-mono text-[13px]">
          {change.lines.map((line, at) => (
            <Line key={at} line={line} />
          ))}
        </pre>
      ) : (
        <div className="font-mono text-[13px]">
          {linesOf(change.before, change.after, names).map((line, at) => (
            <Line key={at} line={line} />
          ))}
        </div>
      )}
    </li>
  );
}

function Line({ line }: { line: string }) {
  const tone = line.startsWith("+") ? "bg-success-soft text-success" : line.startsWith("-") ? "bg-danger-soft text-danger" : "text-muted";
  return <div className={cn("px-3 py-0.5 break-words whitespace-pre-wrap", tone)}>{line || " "}</div>;
}

function Restore({ agent, number, onClose }: { agent: string; number: number; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const restore = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/agents/{agent_uuid}/versions/{number}/restore", {
        params: { path: { agent_uuid: agent, number }, query: { workspace_uuid: uuid } },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["agents", uuid] });
      notify(t("It answers as in version {number} again.", { number }));
      await navigate({ search: {} });
    },
  });
  return (
    <Confirm title={t("Restore this version?")} action={t("Restore")} onConfirm={() => restore.mutateAsync()} onClose={onClose}>
      {t("The agent answers as in version {number} again, as a new version. The others stay.", { number })}
    </Confirm>
  );
}
