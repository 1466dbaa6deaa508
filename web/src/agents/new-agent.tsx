/** The beginnings of an agent: empty, or made from a description. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { Markdown } from "@/markdown/markdown";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field, FieldFrame } from "@/ui/field";
import { Failure, Spinner } from "@/ui/state";

import { copyOf } from "./definition";
import { ModelPicker } from "./model-picker";
import { useCreateAgent } from "./queries";

interface NewProps {
  onClose: () => void;
}

function useOpen() {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  return (agent: string) => void navigate({ to: "/w/$workspace/agents/$agent", params: { workspace: uuid, agent } });
}

export function NewAgent({ onClose }: NewProps) {
  const [name, setName] = useState("");
  const [model, setModel] = useState<string | null>(null);
  const create = useCreateAgent();
  const open = useOpen();
  const problems = create.error instanceof ApiError ? create.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ name, model }, { onSuccess: (made) => open(made.uuid) });
  };
  return (
    <Dialog title={t("New agent")} onClose={onClose}>
      <form onSubmit={onSubmit} className="grid gap-4">
        <Field label={t("Name")} required autoFocus maxLength={255} value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
        <FieldFrame label={t("Model")} problem={problems["model"]}>
          {({ id }) => <ModelPicker id={id} value={model} onChange={setModel} />}
        </FieldFrame>
        {create.isError && Object.keys(problems).length === 0 && <Failure error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={create.isPending || !name.trim()}>
            {t("Create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function GenerateAgent({ onClose }: NewProps) {
  const { uuid } = useWorkspace();
  const [description, setDescription] = useState("");
  const [model, setModel] = useState<string | null>(null);
  const generate = useMutation({
    mutationFn: async () =>
      (
        await value(
          api.POST("/api/v1/agents/generate", {
            params: { query: { workspace_uuid: uuid } },
            body: { description, ...(model ? { model } : {}) },
          }),
        )
      ).data,
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    generate.mutate();
  };
  return (
    <Dialog title={t("An agent from a description")} onClose={onClose} className="max-h-[90dvh] w-[min(40rem,calc(100vw-2rem))] overflow-y-auto">
      {generate.data ? (
        <Generated agent={generate.data} onBack={() => generate.reset()} />
      ) : (
        <form onSubmit={onSubmit} className="grid gap-4">
          <AreaField
            label={t("What is it to do?")}
            hint={t("A model writes its name and instructions, chooses tools, and tries it. You see it before it is saved.")}
            placeholder={t("Helps the customers of a bicycle shop to find the right tyres. Friendly and brief.")}
            required
            autoFocus
            rows={5}
            maxLength={20_000}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
          <FieldFrame label={t("Model")}>{({ id }) => <ModelPicker id={id} value={model} onChange={setModel} />}</FieldFrame>
          {generate.isError && <Failure error={generate.error} />}
          <div className="flex items-center justify-end gap-2">
            {generate.isPending && <Spinner label={t("It is being written and tried. This can take some minutes.")} className="me-auto" />}
            <Button onClick={onClose}>{t("Cancel")}</Button>
            <Button type="submit" kind="primary" disabled={generate.isPending || !description.trim()}>
              {t("Write it")}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function Generated({ agent, onBack }: { agent: Schemas["GeneratedAgent"]; onBack: () => void }) {
  const create = useCreateAgent();
  const open = useOpen();
  const { assessment, test_conversation } = agent.generation;
  return (
    <div className="grid gap-4">
      <div>
        <p dir="auto" className="font-semibold">
          {agent.name}
        </p>
        <p dir="auto" className="text-muted">
          {agent.description}
        </p>
      </div>
      <section aria-label={t("Instructions")}>
        <h3 className="mb-1 font-medium">{t("Instructions")}</h3>
        <div tabIndex={0} role="region" aria-label={t("Instructions")} className="max-h-60 overflow-y-auto rounded-lg border bg-panel p-3">
          <Markdown text={agent.system_prompt ?? ""} isGrowing={false} />
        </div>
      </section>
      <section aria-label={t("How it answered")}>
        <h3 className="mb-1 font-medium">{t("How it answered")}</h3>
        <ul className="grid gap-2">
          {test_conversation.map((said, at) => (
            <li key={at} dir="auto" className="rounded-lg border px-3 py-2 break-words whitespace-pre-wrap">
              <span className="block text-xs text-muted">{said.role === "user" ? t("You said") : t("Answer")}</span>
              {said.content}
            </li>
          ))}
        </ul>
        <p className="mt-2 text-muted">{assessment}</p>
      </section>
      {create.isError && <Failure error={create.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onBack}>{t("Describe it anew")}</Button>
        <Button
          kind="primary"
          disabled={create.isPending}
          onClick={() => create.mutate(copyOf(agent, agent.name), { onSuccess: (made) => open(made.uuid) })}
        >
          {t("Save this agent")}
        </Button>
      </div>
    </div>
  );
}
