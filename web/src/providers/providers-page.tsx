import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plug, Plus } from "lucide-react";
import { useCallback, useState } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { AccountForm } from "./account-form";
import { Accounts } from "./accounts";
import { ProviderForm } from "./provider-form";
import { KIND_LABELS, KINDS, providersQuery, type Provider, type ProviderFilters } from "./queries";

const route = getRouteApi("/w/$workspace/providers");

type Open = { what: "connect" | "edit" | "delete"; provider: Provider } | { what: "create" } | null;

export function ProvidersPage() {
  const { uuid, may } = useWorkspace();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const [open, setOpen] = useState<Open>(null);
  const query = useInfiniteQuery(providersQuery(uuid, filters));
  const filter = useCallback(
    (changes: ProviderFilters) => void navigate({ search: (before) => ({ ...before, ...changes }), replace: true }),
    [navigate],
  );
  const onSearch = useCallback((search: string) => filter({ search }), [filter]);
  return (
    <Page
      title={t("Providers")}
      about={t("Who answers for your agents, and the keys by which they let you in.")}
      actions={
        may("providers.create") && (
          <Button onClick={() => setOpen({ what: "create" })}>
            <Plus aria-hidden /> {t("Own provider")}
          </Button>
        )
      }
    >
      <Section title={t("Accounts")}>
        <Accounts />
      </Section>
      <Section
        title={t("Connect a provider")}
        actions={
          <>
            <SearchField label={t("Search providers")} value={filters.search ?? ""} onSearch={onSearch} />
            <Select
              aria-label={t("Kind")}
              className="h-9 w-40"
              value={filters.kind ?? ""}
              onChange={(event) => {
                const kind = KINDS.find((each) => each === event.target.value);
                void navigate({ search: ({ kind: _former, ...others }) => (kind ? { ...others, kind } : others), replace: true });
              }}
            >
              <option value="">{t("All kinds")}</option>
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {t(KIND_LABELS[kind].label)}
                </option>
              ))}
            </Select>
          </>
        }
      >
        <Listing
          query={query}
          empty={
            <Empty icon={<Plug aria-hidden />} title={t("No provider is called so")}>
              {t("Search for another name, or describe a provider of your own.")}
            </Empty>
          }
        >
          {(providers) => (
            <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
              {providers.map((provider) => (
                <ProviderCard key={provider.uuid} provider={provider} onOpen={setOpen} />
              ))}
            </ul>
          )}
        </Listing>
      </Section>
      <Dialogs open={open} onClose={() => setOpen(null)} />
    </Page>
  );
}

function ProviderCard({ provider, onOpen }: { provider: Provider; onOpen: (open: Open) => void }) {
  const { may } = useWorkspace();
  const needsAccount = provider.slug !== "athena-local";
  return (
    <li className="flex min-w-0 flex-col gap-3 rounded-xl border bg-raised p-4">
      <div className="flex items-start justify-between gap-2">
        <div className="min-w-0">
          <h3 className="font-medium break-words">{provider.name}</h3>
          <p className="truncate text-xs text-muted">{provider.base_url ?? t("At an address of your own")}</p>
        </div>
        <Badge>{t(KIND_LABELS[provider.kind].label)}</Badge>
      </div>
      <div className="mt-auto flex flex-wrap gap-2">
        {needsAccount && may("accounts.create") && (
          <Button aria-label={t("Connect {name}", { name: provider.name })} onClick={() => onOpen({ what: "connect", provider })}>
            {t("Connect")}
          </Button>
        )}
        {!needsAccount && <p className="text-muted">{t("Comes with Athena, and needs no account.")}</p>}
        {!provider.is_builtin && may("providers.update") && (
          <Button kind="ghost" aria-label={t("Edit {name}", { name: provider.name })} onClick={() => onOpen({ what: "edit", provider })}>
            {t("Edit")}
          </Button>
        )}
        {!provider.is_builtin && may("providers.delete") && (
          <Button kind="ghost" aria-label={t("Delete {name}", { name: provider.name })} onClick={() => onOpen({ what: "delete", provider })}>
            {t("Delete")}
          </Button>
        )}
      </div>
    </li>
  );
}

function Dialogs({ open, onClose }: { open: Open; onClose: () => void }) {
  const { uuid: workspace } = useWorkspace();
  const client = useQueryClient();
  if (open === null) return null;
  if (open.what === "delete") {
    const params = { path: { provider_uuid: open.provider.uuid }, query: { workspace_uuid: workspace } };
    const remove = async (): Promise<void> => {
      await api.DELETE("/api/v1/providers/{provider_uuid}", { params });
      await client.invalidateQueries({ queryKey: ["providers", workspace] });
    };
    return (
      <Confirm title={t("Delete this provider?")} action={t("Delete")} onConfirm={remove} onClose={onClose}>
        {t("“{name}” will be gone for good.", { name: open.provider.name })}
      </Confirm>
    );
  }
  const title =
    open.what === "connect"
      ? t("Connect {name}", { name: open.provider.name })
      : open.what === "edit"
        ? t("Edit {name}", { name: open.provider.name })
        : t("Own provider");
  return (
    <Dialog title={title} className="max-h-[90dvh] overflow-y-auto" onClose={onClose}>
      {open.what === "connect" ? (
        <AccountForm
          provider={open.provider}
          account={null}
          onCancel={onClose}
          onDone={(account) => {
            notify(t("{name} is connected.", { name: account.name }));
            onClose();
          }}
        />
      ) : (
        <ProviderForm provider={open.what === "edit" ? open.provider : null} onClose={onClose} />
      )}
    </Dialog>
  );
}
