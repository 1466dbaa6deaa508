import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound } from "lucide-react";
import { useState } from "react";

import { api } from "@/api/client";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Listing } from "@/ui/listing";
import { Menu, MenuItem } from "@/ui/menu";
import { Empty } from "@/ui/state";
import { Table } from "@/ui/table";
import { notify, notifyFailure } from "@/ui/toasts";

import { AccountForm, openGrant, verify } from "./account-form";
import { isGranted } from "./credentials";
import { accountsQuery, type Account } from "./queries";

const STATES: Record<Account["status"], { label: string; tone: Tone }> = {
  active: { label: "Connected", tone: "success" },
  unverified: { label: "Not verified", tone: "neutral" },
  expired: { label: "Expired", tone: "warning" },
  invalid: { label: "Refused by the provider", tone: "danger" },
};

export function Accounts() {
  const { uuid, may } = useWorkspace();
  const query = useInfiniteQuery(accountsQuery(uuid));
  const mayChange = may("accounts.update") || may("accounts.verify") || may("accounts.delete");
  return (
    <Listing
      query={query}
      empty={
        <Empty icon={<KeyRound aria-hidden />} title={t("No account is connected yet")}>
          {t("The packaged model answers without one. Connect a provider below to have others.")}
        </Empty>
      }
    >
      {(accounts) => (
        <Table
          label={t("Accounts")}
          rows={accounts}
          keyOf={(account) => account.uuid}
          columns={[
            {
              id: "name",
              label: "Name",
              show: (account) => (
                <>
                  <span className="font-medium break-words">{account.name}</span>
                  <span className="block text-xs text-muted">{account.provider?.name}</span>
                </>
              ),
            },
            { id: "status", label: "State", show: (account) => <State account={account} /> },
            { id: "expires", label: "Expires", isMinor: true, isNumber: true, show: (account) => time(account.expires_at) },
            { id: "used", label: "Last used", isMinor: true, isNumber: true, show: (account) => time(account.last_used_at) },
            ...(mayChange
              ? [{ id: "actions", label: null, isNumber: true, show: (account: Account) => <AccountMenu account={account} /> }]
              : []),
          ]}
        />
      )}
    </Listing>
  );
}

function time(at: string | null): string {
  return at === null ? "–" : formatTime(at);
}

function State({ account }: { account: Account }) {
  const { label, tone } = STATES[account.status];
  const said = account.verification;
  return (
    <>
      <Badge tone={tone}>{t(label)}</Badge>
      {said?.ok === false && <span className="mt-1 block max-w-80 text-xs break-words text-muted">{said.message}</span>}
    </>
  );
}

function AccountMenu({ account }: { account: Account }) {
  const { uuid: workspace, may } = useWorkspace();
  const client = useQueryClient();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const params = { path: { account_uuid: account.uuid }, query: { workspace_uuid: workspace } };
  const changed = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: ["accounts", workspace] });
    await client.invalidateQueries({ queryKey: ["models", workspace] });
  };
  const check = useMutation({
    mutationFn: () => verify(workspace, account.uuid),
    onSuccess: ({ verification }) => {
      if (verification?.ok) notify(t("{name} lets this account in.", { name: account.provider?.name ?? account.name }));
      return changed();
    },
    onError: notifyFailure,
  });
  const remove = async (): Promise<void> => {
    await api.DELETE("/api/v1/accounts/{account_uuid}", { params });
    await changed();
  };
  const provider = account.provider;
  return (
    <>
      <Menu
        align="end"
        trigger={
          <IconButton label={t("More about {name}", { name: account.name })}>
            <Ellipsis />
          </IconButton>
        }
      >
        {may("accounts.verify") && <MenuItem onSelect={() => check.mutate()}>{t("Verify")}</MenuItem>}
        {may("accounts.update") && provider && isGranted(provider) && (
          <MenuItem onSelect={() => void openGrant(workspace, account.uuid).catch(notifyFailure)}>{t("Grant access anew")}</MenuItem>
        )}
        {may("accounts.update") && provider && <MenuItem onSelect={() => setOpen("edit")}>{t("Edit")}</MenuItem>}
        {may("accounts.delete") && (
          <MenuItem className="text-danger" onSelect={() => setOpen("delete")}>
            {t("Delete")}
          </MenuItem>
        )}
      </Menu>
      {open === "edit" && provider && (
        <Dialog title={t("Edit {name}", { name: account.name })} className="max-h-[90dvh] overflow-y-auto text-start whitespace-normal" onClose={() => setOpen(null)}>
          <AccountForm provider={provider} account={account} onDone={() => setOpen(null)} onCancel={() => setOpen(null)} />
        </Dialog>
      )}
      {open === "delete" && (
        <Confirm title={t("Delete this account?")} action={t("Delete")} onConfirm={remove} onClose={() => setOpen(null)}>
          {t("“{name}” and its secrets will be gone for good.", { name: account.name })}
        </Confirm>
      )}
    </>
  );
}
