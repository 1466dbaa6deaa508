/** What an agent was taught, and how far it has got. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { BookOpen, RefreshCw, Trash2 } from "lucide-react";
import { useCallback, useState } from "react";

import { api } from "@/api/client";
import { formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Listing } from "@/ui/listing";
import { SearchField } from "@/ui/search-field";
import { Empty, Spinner } from "@/ui/state";
import { Table, type Column } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { AddSource } from "./add-source";
import { sourcesQuery, type Source } from "./queries";

const route = getRouteApi("/w/$workspace/agents/$agent/knowledge");
/** How often it is asked how far a training has got. */
const PAUSE = 1_500;

const STATES: Record<Source["status"], { label: string; tone: Tone }> = {
  pending: { label: "Waits", tone: "neutral" },
  processing: { label: "Is being learnt", tone: "accent" },
  completed: { label: "Learnt", tone: "success" },
  failed: { label: "Failed", tone: "danger" },
  cancelled: { label: "Cancelled", tone: "warning" },
};
const KINDS: Record<Source["type"], { label: string }> = {
  text: { label: "Text" },
  qa: { label: "Questions and answers" },
  media: { label: "File" },
  url: { label: "Web page" },
  thread: { label: "Chat" },
};

export function isUnderWay({ status }: Source): boolean {
  return status === "pending" || status === "processing";
}

export function KnowledgePage() {
  const workspace = useWorkspace();
  const { agent } = route.useParams();
  const { search = "" } = route.useSearch();
  const navigate = useNavigate();
  const query = useInfiniteQuery({
    ...sourcesQuery(workspace.uuid, agent, search),
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isUnderWay)) ? PAUSE : false),
  });
  const onSearch = useCallback(
    (text: string) =>
      void navigate({
        to: "/w/$workspace/agents/$agent/knowledge",
        params: { workspace: workspace.uuid, agent },
        search: text ? { search: text } : {},
        replace: true,
      }),
    [navigate, workspace.uuid, agent],
  );
  return (
    <div className="grid max-w-5xl gap-5">
      <p className="text-muted">
        {t("What the agent is taught here is found by meaning and put before it when it fits, if Recall is on in its memory.")}{" "}
        <Link to="/w/$workspace/agents/$agent" params={{ workspace: workspace.uuid, agent }} className="text-accent-ink underline">
          {t("Definition")}
        </Link>
      </p>
      {workspace.may("agents.train") && <AddSource agent={agent} />}
      <SearchField label={t("Search sources")} value={search} onSearch={onSearch} />
      <Listing
        query={query}
        empty={
          <Empty icon={<BookOpen aria-hidden />} title={search ? t("No source is called so.") : t("It was not taught anything yet.")}>
            {t("Give it texts, files, web pages, or questions with their answers.")}
          </Empty>
        }
      >
        {(items) => <Sources items={items} />}
      </Listing>
    </div>
  );
}

function Sources({ items }: { items: readonly Source[] }) {
  const columns: Column<Source>[] = [
    { id: "title", label: "Title", show: (each) => <Titled source={each} />, className: "max-w-96" },
    { id: "type", label: "Kind", isMinor: true, show: ({ type }) => <span className="text-muted">{t(KINDS[type].label)}</span> },
    { id: "status", label: "Status", show: (each) => <Status source={each} /> },
    { id: "chunks", label: "Passages", isNumber: true, isMinor: true, show: ({ counts }) => formatNumber(counts.chunks) },
    { id: "actions", label: null, isNumber: true, show: (each) => <Actions source={each} /> },
  ];
  return <Table label={t("Sources")} columns={columns} rows={items} keyOf={(each) => each.uuid} />;
}

function Titled({ source }: { source: Source }) {
  return (
    <>
      <span dir="auto" className="block truncate font-medium">
        {source.title}
      </span>
      {source.error && <span className="block text-danger">{source.error.message}</span>}
      {source.trained_at && <span className="block text-xs text-muted">{formatTime(source.trained_at)}</span>}
    </>
  );
}

function Status({ source }: { source: Source }) {
  const { label, tone } = STATES[source.status];
  return (
    <Badge tone={tone}>
      {source.status === "processing" && <Spinner label="" />}
      {t(label)}
    </Badge>
  );
}

function Actions({ source }: { source: Source }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { agent_uuid: source.agent_uuid, source_uuid: source.uuid }, query: { workspace_uuid: uuid } };
  const onSuccess = () => client.invalidateQueries({ queryKey: ["sources", uuid, source.agent_uuid] });
  const refresh = useMutation({
    mutationFn: () => api.POST("/api/v1/agents/{agent_uuid}/sources/{source_uuid}/refresh", { params, body: { background: true } }),
    onSuccess,
    onError: notifyFailure,
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/api/v1/agents/{agent_uuid}/sources/{source_uuid}", { params }),
    onSuccess,
  });
  if (!may("agents.train")) return null;
  return (
    <>
      <IconButton
        label={t("Learn {name} anew", { name: source.title })}
        disabled={refresh.isPending || isUnderWay(source)}
        onClick={() => refresh.mutate()}
      >
        <RefreshCw />
      </IconButton>
      <IconButton label={t("Remove {name}", { name: source.title })} onClick={() => setDeleting(true)}>
        <Trash2 />
      </IconButton>
      {isDeleting && (
        <Confirm title={t("Remove this source?")} action={t("Remove")} onConfirm={() => remove.mutateAsync()} onClose={() => setDeleting(false)}>
          {t("The agent forgets all that “{name}” has taught it.", { name: source.title })}
        </Confirm>
      )}
    </>
  );
}
