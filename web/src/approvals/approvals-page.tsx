import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";

import { given } from "@/api/lists";
import { oneOf } from "@/executions/search";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/state";

import { ApprovalCard, approvalStatusName } from "./approval-card";
import { APPROVAL_STATUSES, approvalsQuery } from "./queries";

const route = getRouteApi("/w/$workspace/approvals");

export function ApprovalsPage() {
  const { uuid } = useWorkspace();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const status = filters.status ?? "open";
  const query = useInfiniteQuery(approvalsQuery(uuid, { status, ...given({ kind: filters.kind }) }));
  return (
    <Page title={t("Approvals")} about={t("What waits for a human, the newest first.")} width="text">
      <div className="flex flex-wrap gap-2">
        <Select
          aria-label={t("Status")}
          className="h-9 w-auto"
          value={status}
          onChange={(event) => void navigate({ search: given({ ...filters, status: oneOf(APPROVAL_STATUSES, event.target.value) }), replace: true })}
        >
          {APPROVAL_STATUSES.map((each) => (
            <option key={each} value={each}>
              {approvalStatusName(each)}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t("Kind")}
          className="h-9 w-auto"
          value={filters.kind ?? ""}
          onChange={(event) => void navigate({ search: given({ ...filters, kind: oneOf(["approval", "form"] as const, event.target.value) }), replace: true })}
        >
          <option value="">{t("Approvals and forms")}</option>
          <option value="approval">{t("Approvals")}</option>
          <option value="form">{t("Forms")}</option>
        </Select>
      </div>
      <Listing
        query={query}
        empty={
          <Empty icon={<CircleCheck aria-hidden />} title={status === "open" ? t("Nothing waits") : t("There is none")}>
            {status === "open" ? t("When a workflow or an agent asks for an approval, it stands here.") : t("Choose another status to see more.")}
          </Empty>
        }
      >
        {(approvals) => approvals.map((each) => <ApprovalCard key={each.uuid} approval={each} />)}
      </Listing>
    </Page>
  );
}
