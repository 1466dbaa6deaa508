/** Connects an account, or changes one: its fields are those that its provider asks for. */
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, value } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { SchemaForm } from "@/ui/schema-form/schema-form";
import { Failure } from "@/ui/state";

import { credentialsSchema, isGranted, shownCredentials } from "./credentials";
import type { Account, Provider } from "./queries";

type Credentials = Record<string, string | number | boolean>;

interface AccountFormProps {
  provider: Provider;
  account: Account | null;
  /** Told once the provider let the account in, or its address to grant access was opened. */
  onDone: (account: Account) => void;
  onCancel: () => void;
}

export function AccountForm({ provider, account, onDone, onCancel }: AccountFormProps) {
  const { uuid: workspace } = useWorkspace();
  const client = useQueryClient();
  // What is stored, so that a second attempt changes it in place of making another.
  const [stored, setStored] = useState(account);
  const [name, setName] = useState(account?.name ?? provider.name);
  const [first] = useState(() => shownCredentials(provider, account));
  const [credentials, setCredentials] = useState<Record<string, unknown>>(first);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const problems = error instanceof ApiError ? error.problems : {};

  const save = async (): Promise<Account> => {
    const query = { workspace_uuid: workspace };
    const given = credentials as Credentials;
    if (!stored) {
      const body = { name, provider_uuid: provider.uuid, credentials: given };
      return (await value(api.POST("/api/v1/accounts", { params: { query }, body }))).data;
    }
    const isEntered = JSON.stringify(given) !== JSON.stringify(first) || account === null;
    const params = { path: { account_uuid: stored.uuid }, query };
    return (await value(api.PUT("/api/v1/accounts/{account_uuid}", { params, body: { name, ...(isEntered ? { credentials: given } : {}) } }))).data;
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setRefusal(null);
    try {
      const saved = await save();
      setStored(saved);
      if (isGranted(provider)) {
        if (saved.status !== "active") await openGrant(workspace, saved.uuid);
        onDone(saved);
        return;
      }
      const verified = await verify(workspace, saved.uuid);
      if (verified.verification?.ok === false) setRefusal(verified.verification.message);
      else onDone(verified);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ["accounts", workspace] });
      void client.invalidateQueries({ queryKey: ["models", workspace] });
    }
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
      <Field label={t("Name")} required value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
      <SchemaForm
        schema={credentialsSchema(provider, account)}
        value={credentials}
        onChange={setCredentials}
        problems={problems}
        path="credentials"
      />
      {account && <p className="text-muted">{t("Credentials are replaced as a whole: whoever changes one enters the others, too.")}</p>}
      {isGranted(provider) && <p className="text-muted">{t("You grant access on the provider's own page, which opens beside this one.")}</p>}
      {refusal !== null && (
        <div role="alert" className="rounded-lg bg-danger-soft p-3 text-danger">
          <p className="font-medium">{t("{name} did not let this account in.", { name: provider.name })}</p>
          <p className="break-words">{refusal}</p>
        </div>
      )}
      {error !== null && Object.keys(problems).length === 0 && <Failure error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("Cancel")}</Button>
        <Button kind="primary" type="submit" disabled={isBusy}>
          {account ? t("Save") : t("Connect")}
        </Button>
      </div>
    </form>
  );
}

/** Asks the provider whether it lets the account in. */
export async function verify(workspace: string, account: string): Promise<Account> {
  const params = { path: { account_uuid: account }, query: { workspace_uuid: workspace } };
  return (await value(api.POST("/api/v1/accounts/{account_uuid}/verify", { params }))).data;
}

/** Opens the page on which the user grants access; it leads back by itself. */
export async function openGrant(workspace: string, account: string): Promise<void> {
  const params = { path: { account_uuid: account }, query: { workspace_uuid: workspace } };
  const { data } = await value(api.POST("/api/v1/accounts/{account_uuid}/oauth/authorize", { params }));
  window.open(data.authorization_url, "_blank", "noopener");
}
