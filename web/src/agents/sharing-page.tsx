/** Who outside of the workspace has an agent, and how far. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Building2, Link2, Lock, Plus, Trash2, User } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api } from "@/api/client";
import { formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { sharesQuery, type Share } from "./queries";
import { PERMISSIONS, ShareDialog } from "./share-dialog";

const route = getRouteApi("/w/$workspace/agents/$agent/sharing");

const ICONS: Record<Share["grantee"], ReactNode> = {
  user: <User aria-hidden />,
  workspace: <Building2 aria-hidden />,
  link: <Link2 aria-hidden />,
};

export function SharingPage() {
  const workspace = useWorkspace();
  const { agent } = route.useParams();
  const [isSharing, setSharing] = useState(false);
  const query = useInfiniteQuery(sharesQuery(workspace.uuid, agent));
  const columns: Column<Share>[] = [
    { id: "grantee", label: "With", show: (each) => <Grantee share={each} />, className: "max-w-80" },
    { id: "permission", label: "Permission", show: ({ permission }) => t(PERMISSIONS.find((each) => each.value === permission)?.label ?? permission) },
    { id: "ends", label: "Ends", isMinor: true, show: (each) => <Ends share={each} /> },
    { id: "runs", label: "Runs", isNumber: true, isMinor: true, show: ({ runs, run_limit }) => (run_limit === null ? formatNumber(runs) : `${formatNumber(runs)} / ${formatNumber(run_limit)}`) },
    { id: "actions", label: null, isNumber: true, show: (each) => <Revoke share={each} /> },
  ];
  return (
    <div className="max-w-5xl">
      <Section
        title={t("Shared with")}
        about={t("People outside of this workspace who may see or use the agent. What they run is paid by this workspace.")}
        actions={
          workspace.may("agents.share") && (
            <Button kind="primary" onClick={() => setSharing(true)}>
              <Plus aria-hidden /> {t("Share")}
            </Button>
          )
        }
      >
        <Listing
          query={query}
          empty={
            <Empty icon={<Link2 aria-hidden />} title={t("It is not shared.")}>
              {t("Share it with a user, a workspace, or by a link.")}
            </Empty>
          }
        >
          {(items) => <Table label={t("Shares")} columns={columns} rows={items} keyOf={(each) => each.uuid} />}
        </Listing>
      </Section>
      {isSharing && <ShareDialog agent={agent} onClose={() => setSharing(false)} />}
    </div>
  );
}

function nameOf(share: Share): string {
  if (share.grantee === "link") return t("Whoever has the link");
  return share.user_email ?? share.workspace_uuid ?? share.user_uuid ?? "";
}

function Grantee({ share }: { share: Share }) {
  return (
    <span className="flex items-center gap-2 [&_svg]:size-4 [&_svg]:shrink-0">
      {ICONS[share.grantee]}
      <span className="min-w-0">
        <span className="block truncate font-medium">{nameOf(share)}</span>
        {share.url && <span className="block truncate font-mono text-xs text-muted">{share.url}</span>}
      </span>
      {share.has_password && (
        <Badge>
          <Lock aria-hidden /> {t("Password")}
        </Badge>
      )}
    </span>
  );
}

function Ends({ share: { status, expires_at } }: { share: Share }) {
  if (status === "expired") return <Badge tone="warning">{t("Expired")}</Badge>;
  if (status === "exhausted") return <Badge tone="warning">{t("Used up")}</Badge>;
  return <span className="text-muted">{expires_at ? formatTime(expires_at) : t("Never")}</span>;
}

function Revoke({ share }: { share: Share }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/shares/{share_uuid}", { params: { path: { share_uuid: share.uuid }, query: { workspace_uuid: uuid } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["shares", uuid] }),
  });
  if (!may("shares.delete")) return null;
  return (
    <>
      <IconButton label={t("Revoke: {name}", { name: nameOf(share) })} onClick={() => setAsking(true)}>
        <Trash2 />
      </IconButton>
      {isAsking && (
        <Confirm title={t("End this share?")} action={t("End it")} onConfirm={() => revoke.mutateAsync()} onClose={() => setAsking(false)}>
          {t("It ends at once, and for good: {name}.", { name: nameOf(share) })}
        </Confirm>
      )}
    </>
  );
}
