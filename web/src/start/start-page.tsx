/** From nothing to an answer: a model, an agent, and something to say. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";

import { api, value } from "@/api/client";
import { agentsQuery, modelsQuery } from "@/api/queries";
import { sending, useSend } from "@/chat/sending";
import { t } from "@/i18n";
import { AccountForm } from "@/providers/account-form";
import { providerChoicesQuery } from "@/providers/queries";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { AreaField, Field, SelectField } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Failure } from "@/ui/state";

import { DemoOffer } from "./demo-offer";

const NEW_AGENT = "";

export function StartPage() {
  const { uuid: workspace, may } = useWorkspace();
  const client = useQueryClient();
  const models = useQuery(modelsQuery(workspace, ""));
  const agents = useQuery(agentsQuery(workspace));
  const [isConnecting, setConnecting] = useState(false);
  const [model, setModel] = useState<string | null>(null);
  const [agent, setAgent] = useState(NEW_AGENT);
  const [name, setName] = useState(t("Assistant"));
  const [text, setText] = useState(t("Hello! What can you do for me?"));
  const send = useSend(undefined, { agent: agent || null, model: null });
  const chosen = model ?? models.data?.[0]?.name ?? null;

  const make = useMutation({
    mutationFn: async () => {
      const found = models.data?.find((each) => each.name === chosen);
      const body = { name, model: found?.name ?? null, account_uuid: found?.account_uuid ?? null };
      const made = (await value(api.POST("/api/v1/agents", { params: { query: { workspace_uuid: workspace } }, body }))).data;
      await client.invalidateQueries({ queryKey: ["agents", workspace] });
      return made.uuid;
    },
    onSuccess: setAgent,
  });
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      const speaker = agent || (await make.mutateAsync());
      await send.mutateAsync({ ...sending({ text, media: [] }, undefined), agent: speaker });
    } catch {
      // Told below the form, from the mutations' own states.
    }
  };
  const error = make.error ?? send.error;
  if (models.isPending || agents.isPending) {
    return (
      <Page title={t("Guided start")} width="text">
        <Skeleton />
      </Page>
    );
  }
  if (!may("threads.run") || !may("agents.create")) {
    return (
      <Page title={t("Guided start")} width="text">
        <p className="text-muted">{t("Your role here lets you read, but not write.")}</p>
      </Page>
    );
  }
  return (
    <Page
      title={t("Guided start")}
      width="text"
      about={t("Three steps to a first answer.")}
      actions={
        <Link to="/w/$workspace/chat" params={{ workspace }} className="text-accent-ink underline">
          {t("Skip")}
        </Link>
      }
    >
      {models.isError && <Failure error={models.error} onRetry={() => void models.refetch()} />}
      <Step number={1} title={t("Choose who thinks")}>
        {isConnecting ? (
          <Connect
            onDone={() => {
              setConnecting(false);
              setModel(null);
            }}
          />
        ) : (
          <div className="flex flex-col items-start gap-3">
            <div className="w-full">
              <SelectField
                label={t("Model")}
                disabled={agent !== NEW_AGENT}
                value={chosen ?? ""}
                onChange={(event) => setModel(event.target.value)}
              >
                {chosen === null && <option value="">{t("No model yet")}</option>}
                {models.data?.map((each) => (
                  <option key={each.name} value={each.name}>
                    {each.display_name}
                  </option>
                ))}
              </SelectField>
            </div>
            {may("accounts.create") && <Button onClick={() => setConnecting(true)}>{t("Connect a provider")}</Button>}
          </div>
        )}
      </Step>
      <form className="flex flex-col gap-5" onSubmit={(event) => void submit(event)}>
        <Step number={2} title={t("Choose who speaks")}>
          <div className="grid gap-4 sm:grid-cols-2">
            <SelectField label={t("Agent")} value={agent} onChange={(event) => setAgent(event.target.value)}>
              <option value={NEW_AGENT}>{t("A new agent")}</option>
              {agents.data?.map((each) => (
                <option key={each.uuid} value={each.uuid}>
                  {each.name}
                </option>
              ))}
            </SelectField>
            {agent === NEW_AGENT && <Field label={t("Name")} required value={name} onChange={(event) => setName(event.target.value)} />}
          </div>
        </Step>
        <Step number={3} title={t("Say something")}>
          <AreaField label={t("Message")} required rows={3} value={text} onChange={(event) => setText(event.target.value)} />
        </Step>
        {error && <Failure error={error} />}
        <Button kind="primary" type="submit" className="self-end" disabled={isConnecting || make.isPending || send.isPending || (agent === NEW_AGENT && chosen === null)}>
          {t("Ask")}
        </Button>
      </form>
      <DemoOffer />
    </Page>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="rounded-xl border bg-raised p-4">
      <h2 className="mb-3 flex items-center gap-2 font-semibold">
        <span aria-hidden className="flex size-6 items-center justify-center rounded-full bg-accent-soft text-xs text-accent-ink">
          {number}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}

function Connect({ onDone }: { onDone: () => void }) {
  const { uuid: workspace } = useWorkspace();
  const providers = useQuery(providerChoicesQuery(workspace));
  const [chosen, setChosen] = useState("");
  const provider = providers.data?.find((each) => each.uuid === chosen);
  return (
    <div className="flex flex-col gap-4">
      <SelectField label={t("Provider")} value={chosen} onChange={(event) => setChosen(event.target.value)}>
        <option value="">{t("Choose a provider")}</option>
        {providers.data
          ?.filter((each) => each.kind === "llm" && each.slug !== "athena-local")
          .map((each) => (
            <option key={each.uuid} value={each.uuid}>
              {each.name}
            </option>
          ))}
      </SelectField>
      {provider ? (
        <AccountForm key={provider.uuid} provider={provider} account={null} onDone={onDone} onCancel={onDone} />
      ) : (
        <Button className="self-end" onClick={onDone}>
          {t("Cancel")}
        </Button>
      )}
    </div>
  );
}
