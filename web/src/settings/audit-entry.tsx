/** One entry of the log of changes, in full. */
import { useQuery } from "@tanstack/react-query";
import { ListFilter } from "lucide-react";
import type { ReactNode } from "react";

import { api, value, type Schemas } from "@/api/client";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { JsonView } from "@/ui/json-view";
import { Skeleton } from "@/ui/listing";
import { Failure } from "@/ui/state";

import { actorName } from "./audit-actor";
import type { AuditSearch } from "./audit-search";

type AuditEvent = Schemas["AuditEvent"];

const CREDENTIALS: Record<AuditEvent["credential"]["kind"], { label: string }> = {
  token: { label: "Token" },
  session: { label: "Console" },
  provider: { label: "Identity provider" },
  password: { label: "Password" },
  run: { label: "Run" },
  system: { label: "Athena itself" },
  none: { label: "None" },
};

interface EntryDialogProps {
  entry: string;
  onClose: () => void;
  /** Has those shown that have something in common with it. */
  onNarrow: (search: AuditSearch) => void;
}

export function EntryDialog({ entry, onClose, onNarrow }: EntryDialogProps) {
  const { uuid } = useWorkspace();
  const query = useQuery({
    queryKey: ["audit", uuid, "entry", entry],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/audit-events/{audit_event_uuid}", {
            params: { path: { audit_event_uuid: entry }, query: { workspace_uuid: uuid, with: "actor" } },
            signal,
          }),
        )
      ).data,
    staleTime: Infinity,
  });
  return (
    <Dialog title={t("Entry")} className="max-h-[90dvh] w-[min(38rem,calc(100vw-2rem))] overflow-y-auto" onClose={onClose}>
      {query.isPending && <Skeleton rows={4} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Entry event={query.data} onNarrow={onNarrow} />}
    </Dialog>
  );
}

function Entry({ event, onNarrow }: { event: AuditEvent; onNarrow: (search: AuditSearch) => void }) {
  const { resource_uuid: resource, actor_user_uuid: actor, credential } = event;
  return (
    <div className="grid gap-4">
      <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <Fact name={t("Action")} isCode>
          {event.action}
        </Fact>
        <Fact name={t("Time")}>{formatTime(event.created_at)}</Fact>
        <Fact name={t("By")}>{actorName(event)}</Fact>
        <Fact name={t("Signed in by")}>{t(CREDENTIALS[credential.kind].label)}</Fact>
        {resource && (
          <Fact name={event.resource_type.replaceAll("_", " ")} isCode>
            {resource}
          </Fact>
        )}
        {event.address && (
          <Fact name={t("Network address")} isCode>
            {event.address}
          </Fact>
        )}
        {event.user_agent && <Fact name={t("Program")}>{event.user_agent}</Fact>}
        {event.request_id && (
          <Fact name={t("Request")} isCode>
            {event.request_id}
          </Fact>
        )}
      </dl>
      {Object.keys(event.details).length > 0 && (
        <div className="min-w-0 rounded-lg border p-3">
          <JsonView value={event.details} />
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        {resource && (
          <Button onClick={() => onNarrow({ resource: event.resource_type, id: resource })}>
            <ListFilter aria-hidden /> {t("All about this")}
          </Button>
        )}
        {actor && (
          <Button onClick={() => onNarrow({ actor })}>
            <ListFilter aria-hidden /> {t("All by this person")}
          </Button>
        )}
      </div>
    </div>
  );
}

function Fact({ name, isCode, children }: { name: string; isCode?: boolean; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className={isCode ? "font-mono text-[13px] break-all select-all" : "break-words"}>{children}</dd>
    </div>
  );
}
