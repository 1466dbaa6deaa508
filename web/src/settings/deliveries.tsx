/** What was sent to a webhook, and what came back. */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCcw, Send } from "lucide-react";
import type { ReactNode } from "react";

import { given } from "@/api/lists";
import { formatDuration, formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select } from "@/ui/field";
import { JsonView } from "@/ui/json-view";
import { Listing, Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty, Failure } from "@/ui/state";
import { Table } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { DELIVERY_STATUSES, validateDeliveries, type DeliverySearch } from "./delivery-search";
import { EventName } from "./event-name";
import { deliveriesQuery, deliveryQuery, eventTypesQuery, redeliver, type Delivery, type Webhook } from "./webhook-queries";
import { DeliveryBadge, deliveryName } from "./webhook-status";

const route = getRouteApi("/w/$workspace/settings/webhooks/$webhook");

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { uuid } = useWorkspace();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const types = useQuery(eventTypesQuery(uuid));
  const query = useInfiniteQuery(deliveriesQuery(uuid, webhook.uuid, search));
  const show = (changes: Record<keyof DeliverySearch, string | undefined>): void =>
    void navigate({ search: validateDeliveries(given(changes)), replace: true });
  const { status, event, delivery } = { status: undefined, event: undefined, delivery: undefined, ...search };
  const names = ["webhook.test", ...(types.data ?? []).map((each) => each.name)];
  return (
    <Section title={t("Deliveries")} about={t("Kept for 30 days after their end.")}>
      <div className="flex flex-wrap gap-2" role="search" aria-label={t("Filters")}>
        <Select aria-label={t("Status")} className="h-9 w-auto" value={status ?? ""} onChange={(changed) => show({ status: changed.target.value, event, delivery })}>
          <option value="">{t("Any status")}</option>
          {DELIVERY_STATUSES.map((each) => (
            <option key={each} value={each}>
              {deliveryName(each)}
            </option>
          ))}
        </Select>
        <Select aria-label={t("Event")} className="h-9 w-auto max-w-full" value={event ?? ""} onChange={(changed) => show({ status, event: changed.target.value, delivery })}>
          <option value="">{t("Any event")}</option>
          {names.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      </div>
      <Listing
        query={query}
        empty={
          <Empty icon={<Send aria-hidden />} title={t("Nothing was sent")}>
            {status || event ? t("No delivery is like that.") : t("Send a test, or wait until something happens.")}
          </Empty>
        }
      >
        {(deliveries) => (
          <Table
            label={t("Deliveries")}
            rows={deliveries}
            keyOf={(each) => each.uuid}
            onOpen={(each) => show({ status, event, delivery: each.uuid })}
            columns={[
              {
                id: "event",
                label: "Event",
                show: (each) => (
                  <button type="button" className="text-start hover:underline" onClick={() => show({ status, event, delivery: each.uuid })}>
                    <EventName name={each.event_type} />
                  </button>
                ),
              },
              { id: "status", label: "Status", show: (each) => <DeliveryBadge status={each.status} /> },
              { id: "answer", label: "Answer", show: (each) => each.response_status ?? "–", isNumber: true },
              { id: "attempts", label: "Attempts", isMinor: true, isNumber: true, show: (each) => formatNumber(each.attempts) },
              { id: "time", label: "Time", isMinor: true, isNumber: true, show: (each) => formatTime(each.created_at) },
            ]}
          />
        )}
      </Listing>
      {delivery !== undefined && <DeliveryDialog key={delivery} webhook={webhook.uuid} delivery={delivery} onClose={() => show({ status, event, delivery: undefined })} />}
    </Section>
  );
}

function DeliveryDialog({ webhook, delivery, onClose }: { webhook: string; delivery: string; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const query = useQuery(deliveryQuery(uuid, webhook, delivery));
  return (
    <Dialog title={t("Delivery")} className="max-h-[90dvh] w-[min(42rem,calc(100vw-2rem))] overflow-y-auto" onClose={onClose}>
      {query.isPending && <Skeleton rows={4} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Details delivery={query.data} />}
    </Dialog>
  );
}

function Details({ delivery }: { delivery: Delivery }) {
  const { uuid, may } = useWorkspace();
  const again = useMutation({ mutationFn: () => redeliver(uuid, delivery), onError: notifyFailure });
  return (
    <div className="grid gap-4">
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        <Fact name={t("Event")}>
          <EventName name={delivery.event_type} />
        </Fact>
        <Fact name={t("Status")}>
          <DeliveryBadge status={delivery.status} />
        </Fact>
        <Fact name={t("Attempts")}>{formatNumber(delivery.attempts)}</Fact>
        {delivery.last_attempt_at && <Fact name={t("Last attempt")}>{formatTime(delivery.last_attempt_at)}</Fact>}
        {delivery.next_attempt_at && delivery.status === "pending" && <Fact name={t("Next attempt")}>{formatTime(delivery.next_attempt_at)}</Fact>}
        {delivery.duration_ms !== null && <Fact name={t("Duration")}>{formatDuration(delivery.duration_ms)}</Fact>}
      </dl>
      <Part title={t("Request")}>
        <JsonView value={delivery.payload} />
      </Part>
      <Part title={delivery.response_status === null ? t("Answer") : `${t("Answer")}: ${delivery.response_status}`}>
        {delivery.error !== null && <p className="break-words text-danger">{delivery.error}</p>}
        {delivery.response_body ? (
          <pre className="max-h-60 overflow-auto font-mono text-[13px] break-all whitespace-pre-wrap" tabIndex={0}>
            {delivery.response_body}
          </pre>
        ) : (
          delivery.error === null && <p className="text-muted">{delivery.status === "pending" && delivery.attempts === 0 ? t("Not sent yet.") : t("Without content.")}</p>
        )}
      </Part>
      {may("webhooks.update") && delivery.status !== "pending" && (
        <Button className="justify-self-end" disabled={again.isPending} onClick={() => again.mutate()}>
          <RotateCcw aria-hidden /> {t("Send again")}
        </Button>
      )}
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid min-w-0 gap-1.5">
      <h3 className="font-medium">{title}</h3>
      <div className="min-w-0 rounded-lg border p-3">{children}</div>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="flex min-h-6 items-center">{children}</dd>
    </div>
  );
}
