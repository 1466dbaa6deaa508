/** One prompt: its text and variables, its versions, and trying several of them side by side. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { ModelPicker } from "@/agents/model-picker";
import { api, ApiError } from "@/api/client";
import { tagged, type Tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { useDraft } from "@/ui/draft";
import { AreaField, Field, FieldFrame } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { notify, notifyFailure } from "@/ui/toasts";

import { Playground } from "./playground";
import { promptQuery, promptVersionsQuery, type Prompt, type PromptVersion } from "./queries";
import { Variables } from "./variables";

const route = getRouteApi("/w/$workspace/prompts/$prompt");

export function PromptPage() {
  const { uuid } = useWorkspace();
  const { prompt } = route.useParams();
  const query = useQuery(promptQuery(uuid, prompt));
  if (query.isSuccess) return <Existing key={prompt} given={query.data} />;
  return (
    <Page title={t("Prompt")} above={<Above />}>
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton />}
    </Page>
  );
}

function Above() {
  const { uuid } = useWorkspace();
  return (
    <Link to="/w/$workspace/prompts" params={{ workspace: uuid }} className="hover:text-ink hover:underline">
      {t("Prompts")}
    </Link>
  );
}

function draftOf({ name, description, content, variables, model }: Prompt) {
  return { name, description, content, variables, model };
}

function Existing({ given: { item, etag } }: { given: Tagged<Prompt> }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const saved = useMemo(() => draftOf(item), [item]);
  const draft = useDraft(saved, etag);
  const mayChange = may("prompts.update");
  const params = { path: { prompt_uuid: item.uuid }, query: { workspace_uuid: uuid } };
  const versions = useInfiniteQuery(promptVersionsQuery(uuid, item.uuid));
  const all = versions.data?.pages.flatMap((page) => page.data) ?? [];
  const save = useMutation({
    mutationFn: () => {
      const { variables, content, ...others } = draft.value;
      // Variables that are new in the text are declared by the server.
      const known = variables.filter(({ name }) => content.includes(name));
      const body = { ...others, content, ...(JSON.stringify(known) === JSON.stringify(draft.base.variables) ? {} : { variables: known }) };
      return tagged<Prompt>(api.PUT("/api/v1/prompts/{prompt_uuid}", { params: { ...params, header: { "If-Match": draft.etag } }, body }));
    },
    onSuccess: (changed) => {
      client.setQueryData(promptQuery(uuid, item.uuid).queryKey, changed);
      void client.invalidateQueries({ queryKey: ["prompts", uuid] });
      notify(t("The prompt is saved."));
    },
  });
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  return (
    <Page title={item.name} above={<Above />} actions={<Actions prompt={item} />} about={t("Version {number}", { number: item.version })}>
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_18rem]">
        <fieldset disabled={!mayChange} className="grid min-w-0 gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field required maxLength={255} label={t("Name")} value={draft.value.name} problem={problems["name"]} onChange={(event) => draft.change({ name: event.target.value })} />
            <FieldFrame label={t("Model")} problem={problems["model"]}>
              {({ id }) => <ModelPicker id={id} value={draft.value.model} isDisabled={!mayChange} onChange={(model) => draft.change({ model })} />}
            </FieldFrame>
          </div>
          <Field label={t("Description")} value={draft.value.description} problem={problems["description"]} onChange={(event) => draft.change({ description: event.target.value })} />
          <AreaField
            required
            rows={10}
            label={t("Text")}
            hint={t("A name in double braces is a variable.")}
            value={draft.value.content}
            problem={problems["content"]}
            onChange={(event) => draft.change({ content: event.target.value })}
            className="font-mono text-[13px]"
          />
          <Variables values={draft.value.variables} problems={problems} onChange={(variables) => draft.change({ variables })} />
        </fieldset>
        <Versions prompt={item} versions={all} />
      </div>
      <SaveBar
        isChanged={draft.isChanged && mayChange}
        isSaving={save.isPending}
        error={save.error}
        onSave={() => save.mutate()}
        onDiscard={() => {
          draft.reset();
          save.reset();
        }}
        onReload={() => {
          draft.reset();
          save.reset();
          void client.invalidateQueries({ queryKey: ["prompts", uuid] });
        }}
      />
      <Leaving isChanged={draft.isChanged && mayChange} />
      {may("prompts.run") && <Playground prompt={item} versions={all} isOutdated={draft.isChanged} />}
    </Page>
  );
}

function Actions({ prompt }: { prompt: Prompt }) {
  const { uuid, may } = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  if (!may("prompts.delete")) return null;
  const remove = async (): Promise<void> => {
    await api.DELETE("/api/v1/prompts/{prompt_uuid}", { params: { path: { prompt_uuid: prompt.uuid }, query: { workspace_uuid: uuid } } });
    await navigate({ to: "/w/$workspace/prompts", params: { workspace: uuid }, ignoreBlocker: true });
    await client.invalidateQueries({ queryKey: ["prompts", uuid] });
  };
  return (
    <>
      <Button kind="danger" onClick={() => setAsking(true)}>
        {t("Delete")}
      </Button>
      {isAsking && (
        <Confirm title={t("Delete this prompt?")} action={t("Delete")} onConfirm={remove} onClose={() => setAsking(false)}>
          {t("“{name}” will be gone for good.", { name: prompt.name })}
        </Confirm>
      )}
    </>
  );
}

function Versions({ prompt, versions }: { prompt: Prompt; versions: readonly PromptVersion[] }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: (number: number) =>
      api.POST("/api/v1/prompts/{prompt_uuid}/versions/{number}/restore", {
        params: { path: { prompt_uuid: prompt.uuid, number }, query: { workspace_uuid: uuid } },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["prompts", uuid] }),
    onError: notifyFailure,
  });
  return (
    <Section title={t("Versions")}>
      <ul className="grid max-h-96 gap-1 overflow-y-auto" aria-label={t("Versions")}>
        {versions.map((each) => (
          <li key={each.number}>
            <details className="rounded-lg border px-3 py-2">
              <summary>
                <span className="font-medium">{t("Version {number}", { number: each.number })}</span>{" "}
                {each.number === prompt.version && <Badge tone="accent">{t("Newest")}</Badge>}
                <span className="block text-xs text-muted">
                  {formatTime(each.created_at)}
                  {each.creator && ` · ${each.creator.name}`}
                </span>
              </summary>
              <p dir="auto" className="mt-2 max-h-48 overflow-y-auto font-mono text-[13px] break-words whitespace-pre-wrap">
                {each.content}
              </p>
              {each.number !== prompt.version && may("prompts.update") && (
                <Button className="mt-2 h-8" disabled={restore.isPending} onClick={() => restore.mutate(each.number)}>
                  {t("Restore")}
                </Button>
              )}
            </details>
          </li>
        ))}
      </ul>
    </Section>
  );
}
