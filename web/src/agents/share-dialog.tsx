import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError, value as valueOf, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { copyText } from "@/ui/clipboard";
import { Dialog } from "@/ui/dialog";
import { Field, SelectField } from "@/ui/field";
import { NumberField } from "@/ui/number-field";
import { Failure } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import type { Share } from "./queries";

interface ShareDialogProps {
  agent: string;
  onClose: () => void;
}

export const PERMISSIONS: readonly { value: Share["permission"]; label: string }[] = [
  { value: "view", label: "May see it" },
  { value: "run", label: "May use it" },
  { value: "edit", label: "May change it" },
];
const GRANTEES: readonly { value: Share["grantee"]; label: string }[] = [
  { value: "link", label: "Whoever has the link" },
  { value: "user", label: "A user" },
  { value: "workspace", label: "A workspace" },
];
const BEGIN = {
  grantee: "link" as Share["grantee"],
  name: "",
  permission: "run" as Share["permission"],
  expires_at: "",
  password: "",
  run_limit: null as number | null,
};

function bodyOf({ grantee, name, permission, expires_at, password, run_limit }: typeof BEGIN): Schemas["ShareCreate"] {
  return {
    ...{ grantee, permission, run_limit },
    ...(grantee === "user" ? { user_email: name } : {}),
    ...(grantee === "workspace" ? { workspace_uuid: name } : {}),
    ...(grantee === "link" && password ? { password } : {}),
    ...(expires_at ? { expires_at: new Date(expires_at).toISOString() } : {}),
  };
}

export function ShareDialog({ agent, onClose }: ShareDialogProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [value, setValue] = useState(BEGIN);
  const set = (changes: Partial<typeof BEGIN>): void => setValue({ ...value, ...changes });
  const share = useMutation({
    mutationFn: async () =>
      (
        await valueOf(
          api.POST("/api/v1/agents/{agent_uuid}/share", {
            params: { path: { agent_uuid: agent }, query: { workspace_uuid: uuid } },
            body: bodyOf(value),
          }),
        )
      ).data,
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["shares", uuid] });
      if (made.url === null) onClose();
    },
  });
  const problems = share.error instanceof ApiError ? share.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    share.mutate();
  };
  if (share.data?.url) return <Made url={share.data.url} onClose={onClose} />;
  return (
    <Dialog title={t("Share the agent")} onClose={onClose}>
      <form onSubmit={onSubmit} className="grid gap-4">
        <SelectField label={t("With")} value={value.grantee} onChange={(event) => set({ grantee: event.target.value as Share["grantee"], name: "" })}>
          {GRANTEES.map((each) => (
            <option key={each.value} value={each.value}>
              {t(each.label)}
            </option>
          ))}
        </SelectField>
        {value.grantee === "user" && (
          <Field label={t("E-mail")} type="email" required value={value.name} problem={problems["user_email"]} onChange={(event) => set({ name: event.target.value })} />
        )}
        {value.grantee === "workspace" && (
          <Field label={t("UUID of the workspace")} required value={value.name} problem={problems["workspace_uuid"]} onChange={(event) => set({ name: event.target.value.trim() })} />
        )}
        <SelectField label={t("Permission")} value={value.permission} problem={problems["permission"]} onChange={(event) => set({ permission: event.target.value as Share["permission"] })}>
          {PERMISSIONS.map((each) => (
            <option key={each.value} value={each.value}>
              {t(each.label)}
            </option>
          ))}
        </SelectField>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("Ends")} hint={t("Empty: never.")} type="datetime-local" value={value.expires_at} problem={problems["expires_at"]} onChange={(event) => set({ expires_at: event.target.value })} />
          <NumberField label={t("Runs at most")} hint={t("Empty: any number.")} min={1} value={value.run_limit} problem={problems["run_limit"]} onChange={(run_limit) => set({ run_limit })} />
        </div>
        {value.grantee === "link" && (
          <Field
            label={t("Password")}
            hint={t("Empty: none. At least 8 characters.")}
            autoComplete="new-password"
            minLength={8}
            maxLength={128}
            value={value.password}
            problem={problems["password"]}
            onChange={(event) => set({ password: event.target.value })}
          />
        )}
        {share.isError && <Failure error={share.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={share.isPending}>
            {t("Share")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The link: it is shown whole this once. */
function Made({ url, onClose }: { url: string; onClose: () => void }) {
  const [isDone, setDone] = useState(false);
  return (
    <Dialog title={t("The link is made")} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("Copy it now: it is not shown again.")}</p>
        <Field label={t("Link")} readOnly value={url} onFocus={(event) => event.target.select()} className="font-mono text-[13px]" />
        <div className="flex justify-end gap-2">
          <Button onClick={() => copyText(url).then(() => setDone(true), notifyFailure)}>
            <Copy aria-hidden /> {isDone ? t("Copied") : t("Copy link")}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {t("Done")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
