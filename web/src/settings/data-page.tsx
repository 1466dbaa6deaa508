import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Confirm } from "@/ui/confirm";
import { useDraft } from "@/ui/draft";
import { Skeleton } from "@/ui/listing";
import { NumberField } from "@/ui/number-field";
import { Section } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { Exports } from "./exports";
import { SettingsPage } from "./settings-page";

type Retention = Schemas["Retention"];

const PERIODS: readonly { name: keyof Retention; label: string; about: { label: string } }[] = [
  { name: "executions_days", label: "Runs", about: { label: "Runs and executions with their logs, counted from their end." } },
  { name: "messages_days", label: "Messages", about: { label: "Messages with the logs of their runs, and chats in which nothing was said since." } },
  { name: "audit_events_days", label: "Audit log", about: { label: "Its entries, counted from when they were written." } },
  { name: "unused_media_days", label: "Unused files", about: { label: "Files that no message, agent or other resource uses, counted from their upload." } },
];
const MOST_DAYS = 36_500;

const retentionQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["workspace", workspace, "retention"],
    queryFn: ({ signal }) => tagged(api.GET("/api/v1/workspaces/{workspace_uuid}", { params: { path: { workspace_uuid: workspace } }, signal })),
    select: ({ item, etag }) => ({ saved: item.retention, etag }),
  });

export function DataPage() {
  const { uuid, may } = useWorkspace();
  const found = useQuery(retentionQuery(uuid));
  const path = { workspace_uuid: uuid };
  return (
    <SettingsPage>
      {may("workspaces.export") && (
        <Exports
          title={t("Export of this workspace")}
          about={t("One zip file with everything in it but passwords and other secrets. It is kept for a week.")}
          queryKey={[uuid]}
          read={(cursor, signal) => value(api.GET("/api/v1/workspaces/{workspace_uuid}/exports", { params: { path, query: { cursor } }, signal }))}
          begin={() => api.POST("/api/v1/workspaces/{workspace_uuid}/export", { params: { path } })}
          remove={(uuid) => api.DELETE("/api/v1/workspaces/{workspace_uuid}/exports/{export_uuid}", { params: { path: { ...path, export_uuid: uuid } } })}
        />
      )}
      {found.isPending && <Skeleton rows={4} />}
      {found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && <Periods {...found.data} />}
      {may("workspaces.delete") && (
        <Link to="/w/$workspace/settings/general" params={{ workspace: uuid }} className="self-start text-danger underline">
          {t("Delete this workspace")}
        </Link>
      )}
    </SettingsPage>
  );
}

/** Whether a change has something deleted that would have been kept. */
function deletesMore(before: Retention, after: Retention): boolean {
  return PERIODS.some(({ name }) => (after[name] ?? Infinity) < (before[name] ?? Infinity));
}

function Periods({ saved, etag }: { saved: Retention; etag: string }) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const draft = useDraft(saved, etag);
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const params = { path: { workspace_uuid: uuid }, header: { "If-Match": draft.etag } };
      await api.PUT("/api/v1/workspaces/{workspace_uuid}", { params, body: { retention: draft.value } });
      await client.invalidateQueries({ queryKey: ["workspace", uuid] });
      notify(t("Saved"));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const discard = (): void => {
    draft.reset();
    setError(null);
  };
  const reload = (): void => {
    discard();
    void client.invalidateQueries({ queryKey: ["workspace", uuid] });
  };
  return (
    <Section title={t("Retention")} about={t("For how many days things are kept. An empty field keeps them for ever.")}>
      <div className="grid max-w-3xl gap-4 sm:grid-cols-2">
        {PERIODS.map(({ name, label, about }) => (
          <NumberField
            key={name}
            label={t(label)}
            hint={t(about.label)}
            aside={<span className="text-xs text-muted">{t("days")}</span>}
            placeholder={t("For ever")}
            min={1}
            max={MOST_DAYS}
            step={1}
            value={draft.value[name]}
            problem={problems[`retention.${name}`]}
            onChange={(days) => draft.change({ [name]: days })}
          />
        ))}
      </div>
      <SaveBar
        isChanged={draft.isChanged}
        isSaving={isBusy}
        error={error}
        onSave={() => (deletesMore(draft.base, draft.value) ? setAsking(true) : void save())}
        onDiscard={discard}
        onReload={reload}
      />
      <Leaving isChanged={draft.isChanged} />
      {isAsking && (
        <Confirm title={t("Delete what is older?")} action={t("Save and delete")} onConfirm={save} onClose={() => setAsking(false)}>
          {t("What is older than the new periods is deleted within minutes, and cannot be brought back.")}
        </Confirm>
      )}
    </Section>
  );
}
