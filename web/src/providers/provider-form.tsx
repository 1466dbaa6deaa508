/** A provider of the workspace's own. */
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Field, SelectField } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { Failure } from "@/ui/state";

import { KIND_LABELS, KINDS, type Kind, type Provider } from "./queries";

type Authentication = Schemas["AuthenticationConfig"];

export function ProviderForm({ provider, onClose }: { provider: Provider | null; onClose: () => void }) {
  const { uuid: workspace } = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState(provider?.name ?? "");
  const [kind, setKind] = useState<Kind>(provider?.kind ?? "llm");
  const [address, setAddress] = useState(provider?.base_url ?? "");
  const [authentication, setAuthentication] = useState<unknown>(provider?.authentication_config ?? { type: "bearer" });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const inAuthentication = Object.entries(problems).find(([path]) => path.startsWith("authentication_config"));
  const isPlaced = ["name", "kind", "base_url"].some((each) => problems[each]) || inAuthentication !== undefined;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const body = { name, kind, base_url: address || null, authentication_config: authentication as Authentication };
    const query = { workspace_uuid: workspace };
    try {
      if (provider) await api.PUT("/api/v1/providers/{provider_uuid}", { params: { path: { provider_uuid: provider.uuid }, query }, body });
      else await api.POST("/api/v1/providers", { params: { query }, body });
      await client.invalidateQueries({ queryKey: ["providers", workspace] });
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
      <Field label={t("Name")} required value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
      <SelectField label={t("Kind")} value={kind} problem={problems["kind"]} onChange={(event) => setKind(event.target.value as Kind)}>
        {KINDS.map((each) => (
          <option key={each} value={each}>
            {t(KIND_LABELS[each].label)}
          </option>
        ))}
      </SelectField>
      <Field
        label={t("Address")}
        type="url"
        placeholder="https://api.example.com/v1"
        value={address}
        problem={problems["base_url"]}
        onChange={(event) => setAddress(event.target.value)}
      />
      <JsonField
        label={t("Authentication")}
        hint={t("How an account's credentials reach the provider: type, and the fields that an account fills.")}
        problem={inAuthentication?.join(": ")}
        value={authentication}
        onChange={setAuthentication}
        rows={6}
      />
      {error !== null && !isPlaced && <Failure error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("Cancel")}</Button>
        <Button kind="primary" type="submit" disabled={isBusy}>
          {t("Save")}
        </Button>
      </div>
    </form>
  );
}
