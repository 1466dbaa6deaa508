import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";

import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { Once } from "./once";
import { SettingsPage } from "./settings-page";
import { WebhookDialog } from "./webhook-dialog";
import { webhooksQuery, type Webhook } from "./webhook-queries";
import { WebhookBadge } from "./webhook-status";

export function WebhooksPage() {
  const { uuid: workspace, may } = useWorkspace();
  const navigate = useNavigate();
  const query = useInfiniteQuery(webhooksQuery(workspace));
  const [isMaking, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <SettingsPage>
      <Section
        title={t("Webhooks")}
        about={t("What happens in this workspace is sent to addresses of yours, signed.")}
        actions={
          may("webhooks.create") && (
            <Button kind="primary" onClick={() => setMaking(true)}>
              <Plus aria-hidden /> {t("New webhook")}
            </Button>
          )
        }
      >
        {secret !== null && <Once label={t("Secret")} secret={secret} />}
        <Listing
          query={query}
          empty={
            <Empty icon={<WebhookIcon aria-hidden />} title={t("No webhooks yet")}>
              {t("Make one to have a program of yours told of what happens here.")}
            </Empty>
          }
        >
          {(webhooks) => (
            <Table
              label={t("Webhooks")}
              rows={webhooks}
              keyOf={(webhook) => webhook.uuid}
              columns={COLUMNS}
              onOpen={({ uuid: webhook }) => void navigate({ to: "/w/$workspace/settings/webhooks/$webhook", params: { workspace, webhook } })}
            />
          )}
        </Listing>
      </Section>
      {isMaking && <WebhookDialog onClose={() => setMaking(false)} onMade={(_, made) => setSecret(made)} />}
    </SettingsPage>
  );
}

const COLUMNS: readonly Column<Webhook>[] = [
  { id: "url", label: "Address", show: (webhook) => <Named webhook={webhook} /> },
  { id: "status", label: "Status", show: (webhook) => <WebhookBadge webhook={webhook} /> },
  {
    id: "events",
    label: "Events",
    isMinor: true,
    show: ({ event_types: events }) => (
      <span className="line-clamp-2 break-words text-muted">{events.includes("*") ? t("All events") : events.join(", ")}</span>
    ),
  },
  { id: "since", label: "Created", isMinor: true, isNumber: true, show: (webhook) => formatTime(webhook.created_at) },
];

function Named({ webhook }: { webhook: Webhook }) {
  const { uuid: workspace } = useWorkspace();
  return (
    <>
      <Link to="/w/$workspace/settings/webhooks/$webhook" params={{ workspace, webhook: webhook.uuid }} className="font-medium break-all hover:underline">
        {webhook.url}
      </Link>
      {webhook.description && (
        <span dir="auto" className="block text-xs break-words text-muted">
          {webhook.description}
        </span>
      )}
    </>
  );
}
