/** A tool: what it does, when it needs approval, and a call to try it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useMemo, type ReactNode } from "react";

import { api, value as valueOf, type Schemas } from "@/api/client";
import { tagged, type Tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { useDraft, type Draft } from "@/ui/draft";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Failure } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { FormPage, useChanging, useMaking, type Saving } from "./form-page";
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
  const navigate = useNavigate();
  const saving = useMaking<Tool>({
    make: async () =>
      (
        await valueOf(
          api.POST("/api/v1/tools", {
            params: { query: { workspace_uuid: uuid } },
            body: { ...bodyOf(type, draft.value), type } as Schemas["ToolCreate"],
          }),
        )
      ).data,
    listKey: ["tools", uuid],
    open: ({ uuid: tool }) => navigate({ to: "/w/$workspace/tools/$tool", params: { workspace: uuid, tool }, replace: true, ignoreBlocker: true }),
    said: t("The tool is made. Try it below."),
  });
  return <Form title={t("New tool: {type}", { type: t(typeLabel(type)) })} type={type} draft={draft} saving={saving} known={[]} />;
}

function Existing({ given: { item, etag } }: { given: Tagged<Tool> }) {
  const { uuid, may } = useWorkspace();
  const saved = useMemo(() => draftOf(item), [item]);
  const draft = useDraft(saved, etag);
  const client = useQueryClient();
  const params = { path: { tool_uuid: item.uuid }, query: { workspace_uuid: uuid } };
  const saving = useChanging({
    save: () =>
      tagged<Tool>(
        api.PUT("/api/v1/tools/{tool_uuid}", { params: { ...params, header: { "If-Match": draft.etag } }, body: bodyOf(item.type, draft.value) }),
      ),
    queryKey: toolQuery(uuid, item.uuid).queryKey,
    listKey: ["tools", uuid],
    draft,
    said: t("The tool is saved."),
  });
  const refresh = useMutation({
    mutationFn: () => api.POST("/api/v1/tools/{tool_uuid}/refresh", { params }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["tools", uuid] }),
    onError: notifyFailure,
  });
  return (
    <Form title={item.name} type={item.type} draft={draft} saving={saving} known={item.functions.map(({ name }) => name)}>
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
    </Form>
  );
}

interface FormProps {
  title: string;
  type: ToolType;
  draft: Draft<ToolDraft>;
  saving: Saving;
  /** The names of its functions, as far as they are known. */
  known: readonly string[];
  children?: ReactNode;
}

function Form({ title, type, draft, saving, known, children }: FormProps) {
  const { may } = useWorkspace();
  return (
    <FormPage
      title={title}
      above={<Above />}
      kind={t(typeLabel(type))}
      draft={draft}
      saving={saving}
      mayChange={may("tools.update")}
      fields={(problems) => <ToolFields type={type} value={draft.value} change={draft.change} problems={problems} known={known} />}
    >
      {children}
    </FormPage>
  );
}
