import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { KeyRound, Pause, Pencil, Play, Send } from "lucide-react";
import { useState } from "react";

import type { Tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { Failure } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { Deliveries } from "./deliveries";
import { Once } from "./once";
import { WebhookDialog } from "./webhook-dialog";
import { deleteWebhook, refreshWebhooks, rotateSecret, testWebhook, updateWebhook, webhookQuery, type Webhook } from "./webhook-queries";
import { WebhookBadge } from "./webhook-status";

const route = getRouteApi("/w/$workspace/settings/webhooks/$webhook");

export function WebhookPage() {
  const { uuid: workspace } = useWorkspace();
  const { webhook } = route.useParams();
  const query = useQuery(webhookQuery(workspace, webhook));
  const [secret, setSecret] = useState<string | null>(null);
  const above = (
    <Link to="/w/$workspace/settings/webhooks" params={{ workspace }} className="hover:text-ink hover:underline">
      {t("Webhooks")}
    </Link>
  );
  if (!query.data)
    return (
      <Page title={t("Webhook")} above={above}>
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton />}
      </Page>
    );
  const { item } = query.data;
  return (
    <Page title={new URL(item.url).host} above={above} about={<About webhook={item} />} actions={<Actions found={query.data} onSecret={setSecret} />}>
      {secret !== null && <Once label={t("Secret")} secret={secret} />}
      <WhyDisabled webhook={item} />
      <div className="flex flex-wrap items-center gap-1.5">
        <WebhookBadge webhook={item} />
        {item.event_types.map((each) => (
          <Badge key={each}>{each === "*" ? t("All events") : each}</Badge>
        ))}
      </div>
      {item.previous_secret_until && (
        <p className="text-muted">{t("The secret before this one signs as well, until {time}.", { time: formatTime(item.previous_secret_until) })}</p>
      )}
      <Deliveries webhook={item} />
    </Page>
  );
}

function About({ webhook }: { webhook: Webhook }) {
  return (
    <>
      <code className="font-mono text-[13px] break-all select-all">{webhook.url}</code>
      {webhook.description && (
        <p dir="auto" className="break-words">
          {webhook.description}
        </p>
      )}
    </>
  );
}

/** Why nothing is sent, or may soon not be. */
function WhyDisabled({ webhook }: { webhook: Webhook }) {
  const at = webhook.disabled_at ? formatTime(webhook.disabled_at) : "";
  const since = webhook.failing_since ? formatTime(webhook.failing_since) : "";
  const said =
    webhook.disabled_reason === "gone"
      ? t("Disabled since {time}: the receiver answered 410 Gone.", { time: at })
      : webhook.disabled_reason === "failing"
        ? t("Disabled since {time}: nothing reached the receiver for days, or too many deliveries were given up.", { time: at })
        : webhook.disabled_reason === "user"
          ? t("Paused since {time}. What happened meanwhile is not sent.", { time: at })
          : webhook.status === "failing"
            ? t("Failing since {time}, attempts in a row: {count}. It is disabled after five days.", { time: since, count: webhook.consecutive_failures })
            : null;
  if (said === null) return null;
  return (
    <p role="status" className="rounded-lg bg-warning-soft p-3 text-warning">
      {said}
    </p>
  );
}

function Actions({ found, onSecret }: { found: Tagged<Webhook>; onSecret: (secret: string) => void }) {
  const { uuid: workspace, may } = useWorkspace();
  const { item } = found;
  const navigate = useNavigate();
  const [asked, setAsked] = useState<"edit" | "rotate" | null>(null);
  const close = (): void => setAsked(null);
  const change = useMutation({ mutationFn: () => updateWebhook(workspace, item.uuid, { enabled: !item.enabled }), onError: notifyFailure });
  const test = useMutation({
    mutationFn: () => testWebhook(workspace, item.uuid),
    onError: notifyFailure,
    onSuccess: (delivery) =>
      navigate({ to: "/w/$workspace/settings/webhooks/$webhook", params: { workspace, webhook: item.uuid }, search: { delivery } }),
  });
  const remove = async (): Promise<void> => {
    await deleteWebhook(workspace, item.uuid);
    await navigate({ to: "/w/$workspace/settings/webhooks", params: { workspace } });
    await refreshWebhooks(workspace);
  };
  return (
    <>
      {may("webhooks.update") && (
        <>
          <Button disabled={test.isPending || !item.enabled} onClick={() => test.mutate()}>
            <Send aria-hidden /> {t("Send a test")}
          </Button>
          <Button disabled={change.isPending} onClick={() => change.mutate()}>
            {item.enabled ? <Pause aria-hidden /> : <Play aria-hidden />}
            {item.enabled ? t("Pause") : t("Resume")}
          </Button>
          <Button onClick={() => setAsked("rotate")}>
            <KeyRound aria-hidden /> {t("New secret")}
          </Button>
          <Button onClick={() => setAsked("edit")}>
            <Pencil aria-hidden /> {t("Edit")}
          </Button>
        </>
      )}
      {may("webhooks.delete") && (
        <RemoveButton name={item.url} title={t("Delete this webhook?")} onRemove={remove}>
          {t("Nothing is sent there any more, and the log of its deliveries goes.")}
        </RemoveButton>
      )}
      {asked === "edit" && <WebhookDialog webhook={item.uuid} onClose={close} />}
      {asked === "rotate" && (
        <Confirm title={t("Make a new secret?")} action={t("New secret")} onConfirm={async () => onSecret(await rotateSecret(workspace, item.uuid))} onClose={close}>
          {t("For 24 hours the present one signs as well, so that the receiver can be changed in between.")}
        </Confirm>
      )}
    </>
  );
}
