import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field, SelectField } from "@/ui/field";
import { Fresh } from "@/ui/fresh";
import { JsonField } from "@/ui/json-field";
import { SaveFailure } from "@/ui/save-failure";

import { expressionOf, readVariable, secretOf, type Variable, type VariableKind } from "./variables";

interface Wanted {
  name: string;
  description: string;
  kind: VariableKind;
  isText: boolean;
  value: unknown;
}

/** Makes a variable or a secret, or changes `variable`. What a secret holds is written anew, or stays. */
export function VariableDialog({ variable, onClose }: { variable?: Variable; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const title = variable ? t("Change {name}", { name: variable.name }) : t("New variable or secret");
  return (
    <Dialog title={title} className="max-h-[90dvh] overflow-y-auto" onClose={onClose}>
      {variable ? (
        <Fresh uuid={variable.uuid} read={(signal) => readVariable(uuid, variable.uuid, signal)}>
          {({ item, etag }, reload) => <VariableForm variable={item} etag={etag} onReload={reload} onClose={onClose} />}
        </Fresh>
      ) : (
        <VariableForm onClose={onClose} />
      )}
    </Dialog>
  );
}

interface VariableFormProps {
  variable?: Variable;
  etag?: string;
  onReload?: () => void;
  onClose: () => void;
}

function VariableForm({ variable, etag = "", onReload = () => undefined, onClose }: VariableFormProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [wanted, setWanted] = useState<Wanted>({
    name: variable?.name ?? "",
    description: variable?.description ?? "",
    kind: variable?.kind ?? "variable",
    isText: !variable || variable.kind === "secret" || typeof variable.value === "string",
    value: variable && variable.kind !== "secret" ? variable.value : "",
  });
  const change = (changes: Partial<Wanted>): void => setWanted((present) => ({ ...present, ...changes }));
  const save = useMutation({
    mutationFn: (): Promise<unknown> => {
      const { name, description, kind } = wanted;
      const value = kind === "secret" ? secretOf(wanted.value as string) : wanted.value;
      const isKept = variable?.kind === "secret" && value === "";
      const query = { workspace_uuid: uuid };
      if (!variable) return api.POST("/api/v1/variables", { params: { query }, body: { name, description, kind, value } as Schemas["VariableCreate"] });
      const body = { name, description, ...(isKept ? {} : { value }) } as Schemas["VariableUpdate"];
      const params = { path: { variable_uuid: variable.uuid }, query, header: { "If-Match": etag } };
      return api.PUT("/api/v1/variables/{variable_uuid}", { params, body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["variables", uuid] });
      onClose();
    },
  });
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const isSecret = wanted.kind === "secret";
  return (
    <form className="grid gap-4" onSubmit={onSubmit}>
      {!variable && (
        <SelectField
          label={t("Kind")}
          hint={isSecret ? t("It is kept encrypted, and no one reads it again.") : t("Every member can read it.")}
          value={wanted.kind}
          onChange={(event) => change({ kind: event.target.value as VariableKind, isText: true, value: "" })}
        >
          <option value="variable">{t("Variable")}</option>
          <option value="secret">{t("Secret")}</option>
        </SelectField>
      )}
      <Field
        label={t("Name")}
        required
        maxLength={64}
        pattern="[A-Za-z_][A-Za-z0-9_]*"
        title={t("Letters, digits and _, and no digit first.")}
        placeholder="SHOP_URL"
        className="font-mono"
        autoCapitalize="off"
        spellCheck={false}
        hint={wanted.name && <code>{expressionOf(wanted)}</code>}
        value={wanted.name}
        problem={problems["name"]}
        onChange={(event) => change({ name: event.target.value })}
      />
      {isSecret ? (
        <AreaField
          label={t("Value")}
          rows={2}
          className="[-webkit-text-security:disc]"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          required={!variable}
          hint={variable && t("Empty: it stays as it is ({hint}).", { hint: variable.hint ?? "…" })}
          value={wanted.value as string}
          problem={problems["value"]}
          onChange={(event) => change({ value: event.target.value })}
        />
      ) : (
        <Value wanted={wanted} problem={problems["value"]} change={change} />
      )}
      <Field
        label={t("Description")}
        value={wanted.description}
        problem={problems["description"]}
        onChange={(event) => change({ description: event.target.value })}
      />
      {Object.keys(problems).length === 0 && <SaveFailure error={save.error} onReload={onReload} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("Cancel")}</Button>
        <Button kind="primary" type="submit" disabled={save.isPending || wanted.value === undefined}>
          {t("Save")}
        </Button>
      </div>
    </form>
  );
}

interface ValueProps {
  wanted: Wanted;
  problem: string | undefined;
  change: (changes: Partial<Wanted>) => void;
}

/** A text as it is, or any other value as JSON. */
function Value({ wanted, problem, change }: ValueProps) {
  return (
    <>
      <SelectField
        label={t("The value is")}
        value={wanted.isText ? "text" : "json"}
        onChange={(event) => change(event.target.value === "text" ? { isText: true, value: "" } : { isText: false, value: wanted.value })}
      >
        <option value="text">{t("A text")}</option>
        <option value="json">{t("A number, list or object, as JSON")}</option>
      </SelectField>
      {wanted.isText ? (
        <AreaField label={t("Value")} rows={2} value={wanted.value as string} problem={problem} onChange={(event) => change({ value: event.target.value })} />
      ) : (
        <JsonField label={t("Value")} isRequired value={wanted.value} problem={problem} onChange={(value) => change({ value })} />
      )}
    </>
  );
}
