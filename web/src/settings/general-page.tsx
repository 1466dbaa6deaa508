import { useQuery, useQueryClient, queryOptions } from "@tanstack/react-query";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api, ApiError } from "@/api/client";
import { tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { useDraft } from "@/ui/draft";
import { AreaField, Field } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { SettingsPage } from "./settings-page";

const workspaceQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["workspace", workspace],
    queryFn: ({ signal }) =>
      tagged(api.GET("/api/v1/workspaces/{workspace_uuid}", { params: { path: { workspace_uuid: workspace } }, signal })),
    select: ({ item, etag }) => ({ saved: { name: item.name, description: item.description }, etag }),
  });

export function GeneralPage() {
  const { uuid, may } = useWorkspace();
  const found = useQuery(workspaceQuery(uuid));
  return (
    <SettingsPage>
      {found.isPending && <Skeleton rows={3} />}
      {found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && <About {...found.data} />}
      {found.data && may("workspaces.delete") && <Danger name={found.data.saved.name} />}
    </SettingsPage>
  );
}

function About({ saved, etag }: { saved: { name: string; description: string }; etag: string }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const draft = useDraft(saved, etag);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const isStale = error instanceof ApiError && error.status === 412;
  useBlocker({ shouldBlockFn: () => !confirm(t("Leave without saving?")), disabled: !draft.isChanged });

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const params = { path: { workspace_uuid: uuid }, header: { "If-Match": draft.etag } };
      await api.PUT("/api/v1/workspaces/{workspace_uuid}", { params, body: draft.value });
      await client.invalidateQueries({ queryKey: ["workspace", uuid] });
      await client.invalidateQueries({ queryKey: ["user"] });
      notify(t("Saved"));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const load = async (): Promise<void> => {
    draft.reset();
    setError(null);
    await client.invalidateQueries({ queryKey: ["workspace", uuid] });
  };
  const isReadOnly = !may("workspaces.update");
  return (
    <form className="flex max-w-2xl flex-col gap-4" onSubmit={(event) => void submit(event)}>
      <Field
        label={t("Name")}
        required
        readOnly={isReadOnly}
        value={draft.value.name}
        problem={problems["name"]}
        onChange={(event) => draft.change({ name: event.target.value })}
      />
      <AreaField
        label={t("Description")}
        readOnly={isReadOnly}
        value={draft.value.description}
        problem={problems["description"]}
        onChange={(event) => draft.change({ description: event.target.value })}
      />
      {isStale && (
        <div role="alert" className="flex flex-wrap items-center gap-3 rounded-lg bg-warning-soft p-3 text-warning">
          <p className="flex-1">{t("Somebody changed this meanwhile.")}</p>
          <Button onClick={() => void load()}>{t("Load what they saved")}</Button>
        </div>
      )}
      {error !== null && !isStale && Object.keys(problems).length === 0 && <Failure error={error} />}
      {!isReadOnly && (
        <div className="flex gap-2">
          <Button kind="primary" type="submit" disabled={isBusy || !draft.isChanged}>
            {t("Save")}
          </Button>
          {draft.isChanged && <Button onClick={draft.reset}>{t("Discard changes")}</Button>}
        </div>
      )}
    </form>
  );
}

function Danger({ name }: { name: string }) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const remove = async (): Promise<void> => {
    if (typed !== name) throw new ApiError(400, "name_differs", t("This is not the workspace's name."), null);
    await api.DELETE("/api/v1/workspaces/{workspace_uuid}", { params: { path: { workspace_uuid: uuid } } });
    await client.invalidateQueries({ queryKey: ["user"] });
    await navigate({ to: "/" });
  };
  return (
    <Section title={t("Delete this workspace")} about={t("Everything in it goes, for all of its members.")}>
      <Button kind="danger" className="self-start" onClick={() => setAsking(true)}>
        {t("Delete this workspace")}
      </Button>
      {isAsking && (
        <Confirm title={t("Delete this workspace")} action={t("Delete")} onConfirm={remove} onClose={() => setAsking(false)}>
          <Field label={t("Type {name} to delete it", { name })} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </Confirm>
      )}
    </Section>
  );
}
