/** Which model tells what memories mean, and how far a change of it is. */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, type FormEvent } from "react";

import { accountsQuery } from "@/agents/queries";
import { api, ApiError, value, type Schemas } from "@/api/client";
import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { useDraft } from "@/ui/draft";
import { Field, SelectField } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Leaving } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { SettingsPage } from "./settings-page";

type Settings = Schemas["EmbeddingSettings"];

const LOOK_AGAIN_MILLISECONDS = 3000;
/** More is not counted. */
const MOST_COUNTED = 10_000;

const settingsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["embedding-settings", workspace],
    queryFn: async ({ signal }) =>
      (await value(api.GET("/api/v1/embedding-settings", { params: { query: { workspace_uuid: workspace } }, signal }))).data,
    refetchInterval: ({ state }) => state.data?.status === "embedding" && LOOK_AGAIN_MILLISECONDS,
  });

export function EmbeddingsPage() {
  const { uuid, may } = useWorkspace();
  const found = useQuery(settingsQuery(uuid));
  return (
    <SettingsPage>
      <Section title={t("Embeddings")} about={t("The model that tells what memories mean, so that they are found by their meaning and not by words alone.")}>
        {found.isPending && <Skeleton rows={3} />}
        {found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />}
        {found.data && <State settings={found.data} />}
        {found.data && may("workspaces.update") && <Choice key={uuid} settings={found.data} />}
      </Section>
    </SettingsPage>
  );
}

function State({ settings }: { settings: Settings }) {
  const isReady = settings.status === "ready";
  const count = `${formatNumber(settings.remaining)}${settings.remaining >= MOST_COUNTED ? "+" : ""}`;
  return (
    <div role="status" className="flex max-w-2xl flex-col gap-2 rounded-xl border p-4">
      <div className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 font-medium break-all">{settings.model}</span>
        <Badge>{settings.account_uuid ? t("A provider's") : t("Comes with Athena")}</Badge>
        <Badge tone={isReady ? "success" : "warning"}>{isReady ? t("In use") : t("Is being changed over to")}</Badge>
      </div>
      {settings.remaining > 0 && <p className="tabular-nums">{t("Memories that it is still to read: {count}", { count })}</p>}
      {!isReady && <p className="text-muted">{t("Until it has read all, searches use the former model, and nothing is missed. What is stored meanwhile is read by both.")}</p>}
    </div>
  );
}

function Choice({ settings }: { settings: Settings }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const accounts = useQuery({ ...accountsQuery(uuid), enabled: may("accounts.view") });
  const { account_uuid, model } = settings;
  const saved = useMemo(() => ({ account: account_uuid ?? "", model: account_uuid ? model : "" }), [account_uuid, model]);
  const draft = useDraft(saved);
  const choose = useMutation({
    mutationFn: ({ account, model: wanted }: typeof saved) =>
      value(
        api.PUT("/api/v1/embedding-settings", {
          params: { query: { workspace_uuid: uuid } },
          body: account ? { account_uuid: account, model: wanted } : { account_uuid: null },
        }),
      ),
    onSuccess: ({ data }) => {
      client.setQueryData(settingsQuery(uuid).queryKey, data);
      notify(t("Saved"));
    },
  });
  const problems = choose.error instanceof ApiError ? choose.error.problems : {};
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    choose.mutate(draft.value);
  };
  return (
    <form className="flex max-w-2xl flex-col gap-4" onSubmit={submit}>
      <SelectField
        label={t("Who reads memories")}
        hint={
          draft.value.account
            ? t("The provider is sent what memories say and what is searched for, and is paid for it.")
            : t("It runs within Athena: nothing is sent anywhere, and it costs nothing.")
        }
        value={draft.value.account}
        problem={problems["account_uuid"]}
        onChange={(event) => draft.change({ account: event.target.value, ...(event.target.value ? {} : { model: "" }) })}
      >
        <option value="">{t("The packaged model")}</option>
        {accounts.data?.map((each) => (
          <option key={each.uuid} value={each.uuid}>
            {each.name}
          </option>
        ))}
      </SelectField>
      {draft.value.account && (
        <Field
          label={t("Model")}
          required
          placeholder="text-embedding-3-small"
          hint={t("As the provider calls it. It is asked once before it is taken.")}
          value={draft.value.model}
          problem={problems["model"]}
          onChange={(event) => draft.change({ model: event.target.value })}
        />
      )}
      {choose.isError && Object.keys(problems).length === 0 && <Failure error={choose.error} />}
      <div className="flex gap-2">
        <Button kind="primary" type="submit" disabled={!draft.isChanged || choose.isPending}>
          {t("Save")}
        </Button>
        {draft.isChanged && <Button onClick={draft.reset}>{t("Discard changes")}</Button>}
      </div>
      <Leaving isChanged={draft.isChanged} />
    </form>
  );
}
