import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { listOptions } from "@/api/lists";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Field, SelectField, TagsField } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty, Failure } from "@/ui/state";
import { Table } from "@/ui/table";

import { Once } from "./once";
import { SettingsPage } from "./settings-page";

type Token = Schemas["Token"];

const tokensQuery = (workspace: string) =>
  listOptions(["tokens", workspace], (cursor, signal) =>
    value(api.GET("/api/v1/tokens", { params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "-created_at" } }, signal })),
  );

export function TokensPage() {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const query = useInfiniteQuery(tokensQuery(uuid));
  const [made, setMade] = useState<string | null>(null);
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: ["tokens", uuid] });
  return (
    <SettingsPage>
      <Section
        title={t("Tokens")}
        about={t("By them programs use Athena: your own in your name, a service's as long as you are a member.")}
        actions={
          may("tokens.create") && (
            <Button kind="primary" onClick={() => setMaking(true)}>
              <Plus aria-hidden /> {t("New token")}
            </Button>
          )
        }
      >
        {made !== null && <Once label={t("Token")} secret={made} />}
        <Listing
          query={query}
          empty={
            <Empty icon={<KeyRound aria-hidden />} title={t("No tokens yet")}>
              {t("Make one to call the API from a program.")}
            </Empty>
          }
        >
          {(tokens) => (
            <Table
              label={t("Tokens")}
              rows={tokens}
              keyOf={(token) => token.uuid}
              columns={[
                {
                  id: "name",
                  label: "Name",
                  show: (token) => (
                    <>
                      <span className="font-medium break-words">{token.name}</span>
                      <code className="block text-xs text-muted">{token.hint}</code>
                    </>
                  ),
                },
                { id: "kind", label: "Kind", show: (token) => <Badge>{token.kind === "service" ? t("Service") : t("Personal")}</Badge> },
                { id: "scopes", label: "Scopes", isMinor: true, show: (token) => token.scopes?.join(", ") ?? t("All that the role may do") },
                { id: "expires", label: "Expires", isMinor: true, isNumber: true, show: (token) => (token.expires_at ? formatTime(token.expires_at) : t("Never")) },
                { id: "used", label: "Last used", isMinor: true, isNumber: true, show: (token) => (token.last_used_at ? formatTime(token.last_used_at) : "–") },
                {
                  id: "actions",
                  label: null,
                  isNumber: true,
                  show: (token) =>
                    may("tokens.delete") && (
                      <IconButton label={t("Revoke {name}", { name: token.name })} onClick={() => setRevoked(token)}>
                        <Trash2 />
                      </IconButton>
                    ),
                },
              ]}
            />
          )}
        </Listing>
      </Section>
      {isMaking && (
        <TokenDialog
          onClose={() => setMaking(false)}
          onMade={(token) => {
            setMade(token);
            setMaking(false);
            void changed();
          }}
        />
      )}
      {revoked && (
        <Confirm
          title={t("Revoke this token?")}
          action={t("Revoke")}
          onClose={() => setRevoked(null)}
          onConfirm={async () => {
            await api.DELETE("/api/v1/tokens/{token_uuid}", { params: { path: { token_uuid: revoked.uuid } } });
            await changed();
          }}
        >
          {t("Programs that use “{name}” are let in no more.", { name: revoked.name })}
        </Confirm>
      )}
    </SettingsPage>
  );
}

function TokenDialog({ onClose, onMade }: { onClose: () => void; onMade: (token: string) => void }) {
  const { uuid: workspace } = useWorkspace();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Token["kind"]>("personal");
  const [scopes, setScopes] = useState<string[]>([]);
  const [day, setDay] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const inScopes = Object.entries(problems).find(([path]) => path.startsWith("scopes"))?.[1];
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const body = {
      name,
      kind,
      workspace_uuid: workspace,
      scopes: scopes.length > 0 ? scopes : null,
      expires_at: day ? new Date(`${day}T23:59:59`).toISOString() : null,
    };
    try {
      onMade((await value(api.POST("/api/v1/tokens", { body }))).data.token);
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("New token")} className="max-h-[90dvh] overflow-y-auto" onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
        <Field label={t("Name")} required value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
        <SelectField label={t("Kind")} value={kind} problem={problems["kind"]} onChange={(event) => setKind(event.target.value as Token["kind"])}>
          <option value="personal">{t("Personal")}</option>
          <option value="service">{t("Service")}</option>
        </SelectField>
        <TagsField
          label={t("Scopes")}
          hint={t("Permissions, or families such as agents.*; none: all that your role may do.")}
          problem={inScopes}
          values={scopes}
          onChange={setScopes}
        />
        <Field label={t("Expires")} type="date" value={day} problem={problems["expires_at"]} onChange={(event) => setDay(event.target.value)} />
        {error !== null && Object.keys(problems).length === 0 && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={isBusy}>
            {t("Make token")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
