/** A guardrail: what it looks for, what it does then, and a text to try it on. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";

import { api, value as valueOf, type Schemas } from "@/api/client";
import { tagged, type Tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { useDraft, type Draft } from "@/ui/draft";
import { Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Failure } from "@/ui/state";

import { FormPage, useChanging, useMaking, type Saving } from "./form-page";
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
  const navigate = useNavigate();
  const saving = useMaking<Guardrail>({
    make: async () =>
      (
        await valueOf(
          api.POST("/api/v1/guardrails", {
            params: { query: { workspace_uuid: uuid } },
            body: { ...draft.value, type } as Schemas["GuardrailCreate"],
          }),
        )
      ).data,
    listKey: ["guardrails", uuid],
    open: ({ uuid: guardrail }) =>
      navigate({ to: "/w/$workspace/guardrails/$guardrail", params: { workspace: uuid, guardrail }, replace: true, ignoreBlocker: true }),
    said: t("The guardrail is made. Try it below."),
  });
  return <Form title={t("New guardrail")} type={type} draft={draft} saving={saving} />;
}

function Existing({ given: { item, etag } }: { given: Tagged<Guardrail> }) {
  const { uuid, may } = useWorkspace();
  const saved = useMemo(() => guardrailDraft(item), [item]);
  const draft = useDraft(saved, etag);
  const saving = useChanging({
    save: () =>
      tagged<Guardrail>(
        api.PUT("/api/v1/guardrails/{guardrail_uuid}", {
          params: { path: { guardrail_uuid: item.uuid }, query: { workspace_uuid: uuid }, header: { "If-Match": draft.etag } },
          body: draft.value as Schemas["GuardrailUpdate"],
        }),
      ),
    queryKey: guardrailQuery(uuid, item.uuid).queryKey,
    listKey: ["guardrails", uuid],
    draft,
    said: t("The guardrail is saved."),
  });
  return (
    <Form title={item.name} type={item.type} draft={draft} saving={saving}>
      {may("guardrails.test") && <GuardrailTest guardrail={item} />}
    </Form>
  );
}

interface FormProps {
  title: string;
  type: GuardrailType;
  draft: Draft<GuardrailDraft>;
  saving: Saving;
  children?: ReactNode;
}

function Form({ title, type, draft, saving, children }: FormProps) {
  const { may } = useWorkspace();
  const label = GUARDRAIL_TYPES.find((each) => each.type === type)?.label ?? type;
  return (
    <FormPage
      title={title}
      above={<Above />}
      kind={t(label)}
      draft={draft}
      saving={saving}
      mayChange={may("guardrails.update")}
      fields={(problems) => <GuardrailFields type={type} value={draft.value} change={draft.change} problems={problems} />}
    >
      {children}
    </FormPage>
  );
}
