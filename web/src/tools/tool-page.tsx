/** A tool: what it does, when it needs approval, and a call to try it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useMemo, type ReactNode } from "react";

import { api, ApiError, value as valueOf, type Schemas } from "@/api/client";
import { tagged, type Tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { useDraft } from "@/ui/draft";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { notify, notifyFailure } from "@/ui/toasts";

import { toolQuery, type Tool, type ToolType } from "./queries";
import { begunTool, bodyOf, draftOf, type ToolDraft } from "./tool-form";
import { ToolFields } from "./tool-fields";
import { ToolTest } from "./tool-test";
import { TOOL_TYPES, typeLabel } from "./types";

const route = getRouteApi("/w/$workspace/tools/$tool");
const newRoute = getRouteApi("/w/$workspace/tools/new/$type");

function Above() {
  const { uuid } = useWorkspace();
  return (
    <Link to="/w/$workspace/tools" params={{ workspace: uuid }} className="hover:text-ink hover:underline">
      {t("Tools")}
    </Link>
  );
}

export function ToolPage() {
  const { uuid } = useWorkspace();
  const { tool } = route.useParams();
  const query = useQuery(toolQuery(uuid, tool));
  if (query.isSuccess) return <Existing key={tool} given={query.data} />;
  return (
    <Page title={t("Tool")} above={<Above />}>
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton />}
    </Page>
  );
}

export function NewToolPage() {
  const { uuid } = useWorkspace();
  const { type: given } = newRoute.useParams();
  const type = (TOOL_TYPES.find((each) => each.type === given)?.type ?? "http") satisfies ToolType;
  const begun = useMemo(() => begunTool(type), [type]);
  const draft = useDraft(begun);
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: async () =>
      (
        await valueOf(
          api.POST("/api/v1/tools", {
            params: { query: { workspace_uuid: uuid } },
            body: { ...bodyOf(type, draft.value), type } as Schemas["ToolCreate"],
          }),
        )
      ).data,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["tools", uuid] });
      await navigate({ to: "/w/$workspace/tools/$tool", params: { workspace: uuid, tool: made.uuid }, replace: true, ignoreBlocker: true });
      notify(t("The tool is made. Try it below."));
    },
  });
  return (
    <ToolFrame
      title={t("New tool: {type}", { type: t(typeLabel(type)) })}
      type={type}
      draft={draft}
      error={create.error}
      isSaving={create.isPending}
      onSave={() => create.mutate()}
      onReload={create.reset}
      known={[]}
    />
  );
}

function Existing({ given: { item, etag } }: { given: Tagged<Tool> }) {
  const { uuid, may } = useWorkspace();
  const saved = useMemo(() => draftOf(item), [item]);
  const draft = useDraft(saved, etag);
  const client = useQueryClient();
  const { queryKey } = toolQuery(uuid, item.uuid);
  const params = { path: { tool_uuid: item.uuid }, query: { workspace_uuid: uuid } };
  const save = useMutation({
    mutationFn: () =>
      tagged<Tool>(
        api.PUT("/api/v1/tools/{tool_uuid}", { params: { ...params, header: { "If-Match": draft.etag } }, body: bodyOf(item.type, draft.value) }),
      ),
    onSuccess: (changed) => {
      client.setQueryData(queryKey, changed);
      void client.invalidateQueries({ queryKey: ["tools", uuid] });
      notify(t("The tool is saved."));
    },
  });
  const refresh = useMutation({
    mutationFn: () => api.POST("/api/v1/tools/{tool_uuid}/refresh", { params }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["tools", uuid] }),
    onError: notifyFailure,
  });
  const onReload = (): void => {
    draft.reset();
    save.reset();
    void client.invalidateQueries({ queryKey });
  };
  return (
    <ToolFrame
      title={item.name}
      type={item.type}
      draft={draft}
      error={save.error}
      isSaving={save.isPending}
      onSave={() => save.mutate()}
      onReload={onReload}
      known={item.functions.map(({ name }) => name)}
    >
      <Section
        title={t("Functions")}
        about={t("What a model may call, as of {time}.", { time: formatTime(item.refreshed_at) })}
        actions={
          may("tools.update") && (
            <Button disabled={refresh.isPending} onClick={() => refresh.mutate()}>
              <RefreshCw aria-hidden /> {t("Read anew")}
            </Button>
          )
        }
      >
        <ul className="divide-y rounded-xl border">
          {item.functions.map((each) => (
            <li key={each.name} className="px-3 py-2">
              <code className="font-mono text-[13px] font-medium">{each.name}</code>
              <span dir="auto" className="line-clamp-2 text-muted">
                {each.description}
              </span>
            </li>
          ))}
        </ul>
      </Section>
      {may("tools.call") && <ToolTest tool={item} />}
    </ToolFrame>
  );
}

interface ToolFrameProps {
  title: string;
  type: ToolType;
  draft: ReturnType<typeof useDraft<ToolDraft>>;
  error: unknown;
  isSaving: boolean;
  onSave: () => void;
  onReload: () => void;
  /** The names of its functions, as far as they are known. */
  known: readonly string[];
  children?: ReactNode;
}

function ToolFrame({ title, type, draft, error, isSaving, onSave, onReload, known, children }: ToolFrameProps) {
  const { may } = useWorkspace();
  const mayChange = may("tools.update");
  const problems = error instanceof ApiError ? error.problems : {};
  return (
    <Page title={title} above={<Above />} width="text" actions={<Badge>{t(typeLabel(type))}</Badge>}>
      <fieldset disabled={!mayChange} className="grid min-w-0 gap-6">
        <ToolFields type={type} value={draft.value} change={draft.change} problems={problems} known={known} />
      </fieldset>
      {children}
      <SaveBar
        isChanged={draft.isChanged && mayChange}
        isSaving={isSaving}
        error={error}
        onSave={onSave}
        onDiscard={draft.reset}
        onReload={onReload}
      />
      <Leaving isChanged={draft.isChanged && mayChange} />
    </Page>
  );
}
