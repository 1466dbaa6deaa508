/** Files with everything in a workspace, or everything of one's own: begun, followed, downloaded. */
import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, PackageOpen } from "lucide-react";

import { localAddress, type Schemas } from "@/api/client";
import { listOptions, type ListPage } from "@/api/lists";
import { formatBytes, formatTime } from "@/format";
import { t } from "@/i18n";
import { Badge, type Tone } from "@/ui/badge";
import { Button, buttonLook } from "@/ui/button";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { Spinner } from "@/ui/state";
import { Table } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

type Export = Schemas["Export"];

const WORKING_MILLISECONDS = 1_500;
/** The address of a file is good for 15 minutes. */
const FRESH_MILLISECONDS = 600_000;

const STATUSES: Record<Export["status"], { label: string; tone: Tone }> = {
  queued: { label: "Queued", tone: "neutral" },
  running: { label: "Running", tone: "accent" },
  succeeded: { label: "Ready", tone: "success" },
  failed: { label: "Failed", tone: "danger" },
};

interface ExportsProps {
  title: string;
  about: string;
  /** By which the list is kept. */
  queryKey: readonly string[];
  read: (cursor: string, signal: AbortSignal) => Promise<ListPage<Export>>;
  begin: () => Promise<unknown>;
  remove: (uuid: string) => Promise<unknown>;
}

const isWorking = (each: Export): boolean => each.status === "queued" || each.status === "running";

export function Exports({ title, about, queryKey, read, begin, remove }: ExportsProps) {
  const client = useQueryClient();
  const query = useInfiniteQuery(
    infiniteQueryOptions({
      ...listOptions(["exports", ...queryKey], read),
      refetchInterval: ({ state }) =>
        state.data?.pages.some((page) => page.data.some(isWorking)) ? WORKING_MILLISECONDS : FRESH_MILLISECONDS,
    }),
  );
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: ["exports", ...queryKey] });
  const start = useMutation({ mutationFn: begin, onError: notifyFailure, onSettled: changed });
  const isBusy = start.isPending || query.data?.pages.some((page) => page.data.some(isWorking));
  return (
    <Section
      title={title}
      about={about}
      actions={
        <Button disabled={isBusy} onClick={() => start.mutate()}>
          <PackageOpen aria-hidden /> {t("Start an export")}
        </Button>
      }
    >
      <Listing query={query} empty={<p className="text-muted">{t("There is no export at present.")}</p>}>
        {(items) => (
          <Table
            label={title}
            rows={items}
            keyOf={(each) => each.uuid}
            columns={[
              { id: "begun", label: "Begun", show: (each) => formatTime(each.created_at) },
              { id: "status", label: "Status", show: (each) => <State item={each} /> },
              { id: "size", label: "Size", isMinor: true, isNumber: true, show: (each) => (each.size === null ? "–" : formatBytes(each.size)) },
              { id: "expires", label: "Deleted on", isMinor: true, isNumber: true, show: (each) => (each.expires_at ? formatTime(each.expires_at) : "–") },
              {
                id: "actions",
                label: null,
                isNumber: true,
                show: (each) => (
                  <span className="flex items-center justify-end gap-1">
                    {each.url !== null && (
                      <a href={localAddress(each.url)} download className={buttonLook()}>
                        <Download aria-hidden /> <span className="max-md:sr-only">{t("Download")}</span>
                      </a>
                    )}
                    <RemoveButton
                      name={t("Export of {time}", { time: formatTime(each.created_at) })}
                      title={t("Delete this export?")}
                      onRemove={async () => {
                        await remove(each.uuid);
                        await changed();
                      }}
                    >
                      {t("The file goes; what is in it stays where it is.")}
                    </RemoveButton>
                  </span>
                ),
              },
            ]}
          />
        )}
      </Listing>
    </Section>
  );
}

function State({ item }: { item: Export }) {
  const { label, tone } = STATUSES[item.status];
  return (
    <>
      {item.status === "running" ? <Spinner label={t(label)} /> : <Badge tone={tone}>{t(label)}</Badge>}
      {item.error && <span className="block text-xs break-words text-danger">{item.error.message}</span>}
    </>
  );
}
