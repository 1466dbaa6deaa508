import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, newKey, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Listing, Skeleton } from "@/ui/listing";
import { Failure } from "@/ui/state";
import type { JsonSchema } from "@/ui/schema-form/schema";
import { notify, notifyFailure } from "@/ui/toasts";

import { changedField } from "./change-labels";
import { draftOf } from "./editing";
import { useEditor } from "./editor-context";
import { titleOf } from "./graph";
import { changesQuery, versionsQuery, workflowQuery } from "./queries";

type Version = Schemas["WorkflowVersion"];
type Change = Schemas["Change"];

export function Versions() {
  const { workflow } = useEditor();
  const { uuid } = useWorkspace();
  const query = useInfiniteQuery(versionsQuery(uuid, workflow.uuid));
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Listing query={query} empty={null}>
      {(versions) => (
        <ul className="grid gap-1">
          {versions.map((version) => (
            <li key={version.uuid} className="rounded-lg border">
              <button
                type="button"
                aria-expanded={open === version.number}
                onClick={() => setOpen(open === version.number ? null : version.number)}
                className="flex w-full items-center gap-2 rounded-lg px-3 py-2 text-start hover:bg-hover"
              >
                <span className="font-medium">{t("Version {number}", { number: version.number })}</span>
                {version.number === workflow.version && <Badge tone="accent">{t("Current")}</Badge>}
                <span className="ms-auto min-w-0 truncate text-xs text-muted">
                  {formatTime(version.created_at)}
                  {version.creator && ` · ${version.creator.name}`}
                </span>
              </button>
              {open === version.number && <Details version={version} />}
            </li>
          ))}
        </ul>
      )}
    </Listing>
  );
}

function Details({ version }: { version: Version }) {
  const { workflow, isReadOnly, isChanged } = useEditor();
  const { uuid, may } = useWorkspace();
  const isCurrent = version.number === workflow.version;
  // The current one is compared with the one before it; others with what holds now.
  const [before, after] = isCurrent ? [version.number - 1, version.number] : [version.number, workflow.version];
  const query = useQuery({ ...changesQuery(uuid, workflow.uuid, after, before), enabled: before > 0 });
  return (
    <div className="grid gap-3 border-t p-3">
      {before > 0 && <h3 className="text-xs text-muted">{t("From version {before} to version {after}", { before, after })}</h3>}
      {query.isLoading && <Skeleton rows={2} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Changes changes={query.data.changes} />}
      {before <= 0 && <p className="text-muted">{t("This is how it began.")}</p>}
      {!isCurrent && may("workflows.update") && !isReadOnly && <Restore version={version} isBlocked={isChanged} />}
    </div>
  );
}

const KINDS: Readonly<Record<Change["kind"], { label: string; tone: Tone }>> = {
  added: { label: "Added", tone: "success" },
  removed: { label: "Removed", tone: "danger" },
  changed: { label: "Changed", tone: "warning" },
};
const PARTS: Readonly<Record<Change["part"], { label: string }>> = {
  node: { label: "Node" },
  edge: { label: "Edge" },
  variable: { label: "Variable" },
  setting: { label: "Setting" },
};

function Changes({ changes }: { changes: readonly Change[] }) {
  const { state, kinds } = useEditor();
  const nodes = new Map(state.present.nodes.map((node) => [node.id, node]));
  if (changes.length === 0) return <p className="text-muted">{t("They are alike.")}</p>;
  return (
    <ul className="grid gap-2">
      {changes.map((change, number) => {
        const node = change.part === "node" ? nodes.get(change.name) : undefined;
        const kind = node && kinds.get(node.type);
        const field = change.path && changedField(change.part, change.path, kind?.config_schema as JsonSchema | undefined);
        return <ChangeView key={number} change={change} title={node ? titleOf(node, kind) : change.name} field={field} />;
      })}
    </ul>
  );
}

function ChangeView({ change, title, field }: { change: Change; title: string; field: string | null }) {
  return (
    <li className="grid min-w-0 gap-1">
      <p className="flex flex-wrap items-center gap-2">
        <Badge tone={KINDS[change.kind].tone}>{t(KINDS[change.kind].label)}</Badge>
        <span className="min-w-0 break-words">
          {t(PARTS[change.part].label)} {change.part !== "setting" && <span dir="auto" className="font-medium">{title}</span>}
          {field !== null && <span className="text-muted"> {field}</span>}
        </span>
      </p>
      {change.kind === "changed" && (
        <div className="grid gap-1 font-mono text-xs">
          <del className="rounded bg-danger-soft px-2 py-1 break-words whitespace-pre-wrap no-underline">{written(change.before)}</del>
          <ins className="rounded bg-success-soft px-2 py-1 break-words whitespace-pre-wrap no-underline">{written(change.after)}</ins>
        </div>
      )}
    </li>
  );
}

function written(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

function Restore({ version, isBlocked }: { version: Version; isBlocked: boolean }) {
  const { workflow, dispatch } = useEditor();
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const { queryKey } = workflowQuery(uuid, workflow.uuid);
  const restore = useMutation({
    mutationFn: () =>
      tagged(
        api.POST("/api/v1/workflows/{workflow_uuid}/versions/{number}/restore", {
          params: {
            path: { workflow_uuid: workflow.uuid, number: version.number },
            query: { workspace_uuid: uuid },
            header: { "Idempotency-Key": newKey() },
          },
        }),
      ),
    onSuccess: (restored) => {
      client.setQueryData(queryKey, restored);
      dispatch({ type: "load", draft: draftOf(restored.item), etag: restored.etag });
      notify(t("Version {number} is back.", { number: version.number }));
      void client.invalidateQueries({ queryKey: [...queryKey, "versions"] });
    },
    onError: notifyFailure,
  });
  return (
    <div className="grid gap-1">
      <Button className="justify-self-start" disabled={isBlocked || restore.isPending} onClick={() => restore.mutate()}>
        {t("Restore this version")}
      </Button>
      {isBlocked && <p className="text-xs text-muted">{t("Save or undo your changes first.")}</p>}
    </div>
  );
}
