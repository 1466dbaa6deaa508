/** A guardrail: what it looks for, what it does then, and a text to try it on. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";

import { api, ApiError, value as valueOf, type Schemas } from "@/api/client";
import { tagged, type Tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { useDraft } from "@/ui/draft";
import { Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { GuardrailFields } from "./guardrail-fields";
import { begunGuardrail, guardrailDraft, type GuardrailDraft, type GuardrailType } from "./guardrail-form";
import { GuardrailTest } from "./guardrail-test";
import { guardrailQuery, type Guardrail } from "./queries";
import { GUARDRAIL_TYPES } from "./types";

const route = getRouteApi("/w/$workspace/guardrails/$guardrail");
const newRoute = getRouteApi("/w/$workspace/guardrails/new/$type");

function Above() {
  const { uuid } = useWorkspace();
  return (
    <Link to="/w/$workspace/guardrails" params={{ workspace: uuid }} className="hover:text-ink hover:underline">
      {t("Guardrails")}
    </Link>
  );
}

export function GuardrailPage() {
  const { uuid } = useWorkspace();
  const { guardrail } = route.useParams();
  const query = useQuery(guardrailQuery(uuid, guardrail));
  if (query.isSuccess) return <Existing key={guardrail} given={query.data} />;
  return (
    <Page title={t("Guardrail")} above={<Above />}>
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton />}
    </Page>
  );
}

export function NewGuardrailPage() {
  const { uuid } = useWorkspace();
  const { type: given } = newRoute.useParams();
  const type: GuardrailType = GUARDRAIL_TYPES.find((each) => each.type === given)?.type ?? "pattern";
  const begun = useMemo(() => begunGuardrail(type), [type]);
  const draft = useDraft(begun);
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: async () =>
      (
        await valueOf(
          api.POST("/api/v1/guardrails", {
            params: { query: { workspace_uuid: uuid } },
            body: { ...draft.value, type } as Schemas["GuardrailCreate"],
          }),
        )
      ).data,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["guardrails", uuid] });
      await navigate({ to: "/w/$workspace/guardrails/$guardrail", params: { workspace: uuid, guardrail: made.uuid }, replace: true, ignoreBlocker: true });
      notify(t("The guardrail is made. Try it below."));
    },
  });
  return (
    <Frame title={t("New guardrail")} type={type} draft={draft} error={create.error} isSaving={create.isPending} onSave={() => create.mutate()} onReload={create.reset} />
  );
}

function Existing({ given: { item, etag } }: { given: Tagged<Guardrail> }) {
  const { uuid, may } = useWorkspace();
  const saved = useMemo(() => guardrailDraft(item), [item]);
  const draft = useDraft(saved, etag);
  const client = useQueryClient();
  const { queryKey } = guardrailQuery(uuid, item.uuid);
  const save = useMutation({
    mutationFn: () =>
      tagged<Guardrail>(
        api.PUT("/api/v1/guardrails/{guardrail_uuid}", {
          params: { path: { guardrail_uuid: item.uuid }, query: { workspace_uuid: uuid }, header: { "If-Match": draft.etag } },
          body: draft.value as Schemas["GuardrailUpdate"],
        }),
      ),
    onSuccess: (changed) => {
      client.setQueryData(queryKey, changed);
      void client.invalidateQueries({ queryKey: ["guardrails", uuid] });
      notify(t("The guardrail is saved."));
    },
  });
  const onReload = (): void => {
    draft.reset();
    save.reset();
    void client.invalidateQueries({ queryKey });
  };
  return (
    <Frame title={item.name} type={item.type} draft={draft} error={save.error} isSaving={save.isPending} onSave={() => save.mutate()} onReload={onReload}>
      {may("guardrails.test") && <GuardrailTest guardrail={item} />}
    </Frame>
  );
}

interface FrameProps {
  title: string;
  type: GuardrailType;
  draft: ReturnType<typeof useDraft<GuardrailDraft>>;
  error: unknown;
  isSaving: boolean;
  onSave: () => void;
  onReload: () => void;
  children?: ReactNode;
}

function Frame({ title, type, draft, error, isSaving, onSave, onReload, children }: FrameProps) {
  const { may } = useWorkspace();
  const mayChange = may("guardrails.update");
  const problems = error instanceof ApiError ? error.problems : {};
  const label = GUARDRAIL_TYPES.find((each) => each.type === type)?.label ?? type;
  return (
    <Page title={title} above={<Above />} width="text" actions={<Badge>{t(label)}</Badge>}>
      <fieldset disabled={!mayChange} className="grid min-w-0 gap-6">
        <GuardrailFields type={type} value={draft.value} change={draft.change} problems={problems} />
      </fieldset>
      {children}
      <SaveBar isChanged={draft.isChanged && mayChange} isSaving={isSaving} error={error} onSave={onSave} onDiscard={draft.reset} onReload={onReload} />
      <Leaving isChanged={draft.isChanged && mayChange} />
    </Page>
  );
}
