/** All agents of the workspace, with how they did in the last thirty days. By what they did, only those are listed that did something. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Bot, Copy, Ellipsis, LayoutGrid, List, Lock, Plus, Sparkles, Trash2, X } from "lucide-react";
import { useCallback, useState, type ReactNode } from "react";

import { api, type Agent } from "@/api/client";
import { formatCost, formatNumber, formatPercent } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Menu, MenuItem } from "@/ui/menu";
import { Page } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { copyOf } from "./definition";
import { GenerateAgent, NewAgent } from "./new-agent";
import { listedQuery, rankedQuery, useCreateAgent, type Did } from "./queries";
import type { AgentsSearch } from "./routes";

const route = getRouteApi("/w/$workspace/agents");
const SORTS = [
  { value: "name", label: "By name" },
  { value: "-updated_at", label: "Changed last first" },
  { value: "-score", label: "Best first" },
  { value: "-runs", label: "Most used first" },
  { value: "-rating", label: "Best rated first" },
  { value: "-cost", label: "Most expensive first" },
] as const;

/** What an agent did that did nothing. */
const IDLE = { runs: 0, success_rate: null, rating: null, ratings: 0, cost: 0 };

export function AgentsPage() {
  const workspace = useWorkspace();
  const { search = "", tag, sort = "name", view } = route.useSearch();
  const navigate = useNavigate();
  const [making, setMaking] = useState<"empty" | "described" | null>(null);
  const isRanked = sort !== "name" && sort !== "-updated_at";
  const listed = useInfiniteQuery({ ...listedQuery(workspace.uuid, search, sort), enabled: !isRanked });
  const ranked = useInfiniteQuery(rankedQuery(workspace.uuid, isRanked ? search : "", isRanked ? sort : "-runs"));
  const rows = ranked.data?.pages.flatMap((page) => page.data) ?? [];
  const did = new Map(rows.map((each) => [each.agent.uuid, each]));
  const change = useCallback(
    (changes: AgentsSearch) =>
      void navigate({
        to: "/w/$workspace/agents",
        params: { workspace: workspace.uuid },
        search: (before: AgentsSearch) => ({ ...before, ...changes }),
        replace: true,
      }),
    [navigate, workspace.uuid],
  );
  const onSearch = useCallback((text: string) => change({ search: text }), [change]);
  const agents = isRanked ? rows.map((each) => each.agent) : (listed.data?.pages.flatMap((page) => page.data) ?? []);
  const tags = [...new Set(agents.flatMap((each) => each.tags))].sort();
  const show = (items: readonly Did[]): ReactNode => (
    <Agents items={items.filter((each) => !tag || each.agent.tags.includes(tag))} isCards={view === "cards"} />
  );
  const empty = <Nothing isSearch={search !== "" || isRanked} />;
  return (
    <Page
      title={t("Agents")}
      actions={
        workspace.may("agents.create") && (
          <>
            {workspace.may("agents.generate") && (
              <Button onClick={() => setMaking("described")}>
                <Sparkles aria-hidden /> {t("From a description")}
              </Button>
            )}
            <Button kind="primary" onClick={() => setMaking("empty")}>
              <Plus aria-hidden /> {t("New agent")}
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-wrap items-center gap-2">
        <SearchField label={t("Search agents")} value={search} onSearch={onSearch} />
        <Select aria-label={t("Order")} className="h-9 w-auto" value={sort} onChange={(event) => change({ sort: event.target.value })}>
          {SORTS.map((each) => (
            <option key={each.value} value={each.value}>
              {t(each.label)}
            </option>
          ))}
        </Select>
        <span className="ms-auto flex gap-1" role="group" aria-label={t("View")}>
          <IconButton label={t("As a table")} aria-pressed={view !== "cards"} onClick={() => change({ view: undefined as never })} className="aria-pressed:bg-hover">
            <List />
          </IconButton>
          <IconButton label={t("As cards")} aria-pressed={view === "cards"} onClick={() => change({ view: "cards" })} className="aria-pressed:bg-hover">
            <LayoutGrid />
          </IconButton>
        </span>
      </div>
      {(tags.length > 0 || tag) && <Tags tags={tags} chosen={tag} onChoose={(chosen) => change({ tag: chosen })} />}
      {isRanked ? (
        <Listing query={ranked} empty={empty}>
          {show}
        </Listing>
      ) : (
        <Listing query={listed} empty={empty}>
          {(items) => show(items.map((agent) => ({ ...(did.get(agent.uuid) ?? IDLE), agent })))}
        </Listing>
      )}
      {making === "empty" && <NewAgent onClose={() => setMaking(null)} />}
      {making === "described" && <GenerateAgent onClose={() => setMaking(null)} />}
    </Page>
  );
}

function Nothing({ isSearch }: { isSearch: boolean }) {
  return isSearch ? (
    <Empty icon={<Bot aria-hidden />} title={t("No agent is called so.")}>
      {t("Search for another part of its name or description.")}
    </Empty>
  ) : (
    <Empty icon={<Bot aria-hidden />} title={t("There is no agent yet.")}>
      {t("An agent is a model with instructions, tools and knowledge. Make one, or describe what it is to do.")}
    </Empty>
  );
}

function Tags({ tags, chosen, onChoose }: { tags: readonly string[]; chosen: string | undefined; onChoose: (tag: string) => void }) {
  return (
    <div className="flex flex-wrap gap-1.5" role="group" aria-label={t("Tags")}>
      {[...new Set([...(chosen ? [chosen] : []), ...tags])].map((tag) => (
        <button
          key={tag}
          type="button"
          aria-pressed={tag === chosen}
          onClick={() => onChoose(tag === chosen ? "" : tag)}
          className="inline-flex h-7 items-center gap-1 rounded-md border px-2 text-muted hover:bg-hover aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent-ink"
        >
          {tag}
          {tag === chosen && <X className="size-3.5" aria-hidden />}
        </button>
      ))}
    </div>
  );
}

function Agents({ items, isCards }: { items: readonly Did[]; isCards: boolean }) {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const columns: Column<Did>[] = [
    { id: "name", label: "Name", show: ({ agent }) => <Named agent={agent} />, className: "max-w-80 max-md:max-w-0 max-md:w-full" },
    { id: "model", label: "Model", isMinor: true, show: ({ agent }) => <span className="text-muted">{agent.model ?? t("Usual model")}</span> },
    { id: "runs", label: "Runs", isNumber: true, isMinor: true, show: ({ runs }) => formatNumber(runs) },
    { id: "success", label: "Success", isNumber: true, isMinor: true, show: ({ success_rate }) => percent(success_rate) },
    { id: "rating", label: "Rating", isNumber: true, isMinor: true, show: (each) => rating(each) },
    { id: "cost", label: "Cost", isNumber: true, isMinor: true, show: ({ cost }) => formatCost(cost) },
    { id: "actions", label: null, isNumber: true, show: ({ agent }) => <Actions agent={agent} /> },
  ];
  if (items.length === 0) return <p className="py-6 text-center text-muted">{t("No agent has this tag.")}</p>;
  if (isCards) {
    return (
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3" aria-label={t("Agents")}>
        {items.map((each) => (
          <Card key={each.agent.uuid} ranked={each} />
        ))}
      </ul>
    );
  }
  return (
    <Table
      label={t("Agents")}
      columns={columns}
      rows={items}
      keyOf={({ agent }) => agent.uuid}
      onOpen={({ agent }) => void navigate({ to: "/w/$workspace/agents/$agent", params: { workspace: workspace.uuid, agent: agent.uuid } })}
    />
  );
}

function Named({ agent }: { agent: Agent }) {
  const { uuid } = useWorkspace();
  return (
    <span className="block min-w-0">
      <Link to="/w/$workspace/agents/$agent" params={{ workspace: uuid, agent: agent.uuid }} dir="auto" className="block truncate font-medium hover:underline">
        {agent.name}
        {agent.visibility === "private" && <Lock className="ms-1.5 inline size-3.5 text-muted" aria-label={t("Private")} />}
      </Link>
      {agent.description && (
        <span dir="auto" className="block truncate text-muted">
          {agent.description}
        </span>
      )}
    </span>
  );
}

function Card({ ranked }: { ranked: Did }) {
  const { agent } = ranked;
  return (
    <li className="flex flex-col gap-3 rounded-xl border bg-raised p-4">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <Named agent={agent} />
        </div>
        <Actions agent={agent} />
      </div>
      <p className="truncate text-muted">{agent.model ?? t("Usual model")}</p>
      <dl className="mt-auto grid grid-cols-4 gap-2 border-t pt-3">
        <Figure name={t("Runs")}>{formatNumber(ranked.runs)}</Figure>
        <Figure name={t("Success")}>{percent(ranked.success_rate)}</Figure>
        <Figure name={t("Rating")}>{rating(ranked)}</Figure>
        <Figure name={t("Cost")}>{formatCost(ranked.cost)}</Figure>
      </dl>
    </li>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="truncate text-xs text-muted">{name}</dt>
      <dd className="truncate tabular-nums">{children}</dd>
    </div>
  );
}

function percent(value: number | null): string {
  return value === null ? "–" : formatPercent(value);
}

/** How many of the ratings were good. */
function rating({ rating: mean, ratings }: Did): string {
  return mean === null ? "–" : `${formatPercent((mean + 1) / 2)} (${formatNumber(ratings)})`;
}

function Actions({ agent }: { agent: Agent }) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useCreateAgent();
  const [isDeleting, setDeleting] = useState(false);
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/agents/{agent_uuid}", { params: { path: { agent_uuid: agent.uuid }, query: { workspace_uuid: workspace.uuid } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["agents", workspace.uuid] }),
  });
  const duplicate = (): void =>
    create.mutate(copyOf(agent), {
      onSuccess: (made) => void navigate({ to: "/w/$workspace/agents/$agent", params: { workspace: workspace.uuid, agent: made.uuid } }),
      onError: notifyFailure,
    });
  if (!workspace.may("agents.create") && !workspace.may("agents.delete")) return null;
  return (
    <>
      <Menu
        align="end"
        trigger={
          <IconButton label={t("More about {name}", { name: agent.name })}>
            <Ellipsis />
          </IconButton>
        }
      >
        {workspace.may("agents.create") && (
          <MenuItem onSelect={duplicate}>
            <Copy aria-hidden /> {t("Duplicate")}
          </MenuItem>
        )}
        {workspace.may("agents.delete") && (
          <MenuItem className="text-danger" onSelect={() => setDeleting(true)}>
            <Trash2 aria-hidden /> {t("Delete")}
          </MenuItem>
        )}
      </Menu>
      {isDeleting && (
        <Confirm title={t("Delete this agent?")} action={t("Delete")} onConfirm={() => remove.mutateAsync()} onClose={() => setDeleting(false)}>
          {t("“{name}”, its versions and its knowledge will be gone for good.", { name: agent.name })}
        </Confirm>
      )}
    </>
  );
}
