import { useInfiniteQuery } from "@tanstack/react-query";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Section } from "@/ui/page";

import { ApprovalCard } from "./approval-card";
import { approvalsQuery } from "./queries";

/** What a run asks at this moment. */
export function RunApprovals({ run }: { run: string }) {
  const { uuid } = useWorkspace();
  const { data } = useInfiniteQuery(approvalsQuery(uuid, { run, status: "open" }));
  const open = data?.pages.flatMap((page) => page.data) ?? [];
  if (open.length === 0) return null;
  return (
    <Section title={t("Waits for an answer")}>
      {open.map((each) => (
        <ApprovalCard key={each.uuid} approval={each} />
      ))}
    </Section>
  );
}
