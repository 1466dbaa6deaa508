import { Ban, RotateCcw } from "lucide-react";
import { useState } from "react";

import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { notify } from "@/ui/toasts";

import { handleAll, handleSeveral, refreshExecutions, type BulkAction } from "./queries";
import type { ExecutionFilters } from "./search";

interface BulkBarProps {
  filters: ExecutionFilters;
  selected: readonly string[];
  onDone: () => void;
}

function questionOf(action: BulkAction): { title: string; text: string; action: string } {
  return action === "retry"
    ? {
        title: t("Retry executions?"),
        text: t("Those that failed begin again where they failed, by the version that they ran. What was done is not done again."),
        action: t("Retry"),
      }
    : {
        title: t("Cancel executions?"),
        text: t("Those that are not finished stop now. What they did already is kept."),
        action: t("Cancel executions"),
      };
}

/** What can be done with several executions: those that are marked, or all that the filters leave. */
export function BulkBar({ filters, selected, onDone }: BulkBarProps) {
  const { uuid, may } = useWorkspace();
  const [asked, setAsked] = useState<{ action: BulkAction; isAll: boolean } | null>(null);
  const isNarrowed = Object.keys(filters).length > 0;
  const run = async (): Promise<void> => {
    if (asked === null) return;
    const { count, refused } = await (asked.isAll ? handleAll(asked.action, uuid, filters) : handleSeveral(asked.action, uuid, selected));
    await refreshExecutions(uuid);
    onDone();
    const told = asked.action === "retry" ? t("{count} retried.", { count }) : t("{count} cancelled.", { count });
    notify(refused > 0 ? `${told} ${t("{count} could not be.", { count: refused })}` : told);
  };
  const buttons = (isAll: boolean) => (
    <>
      {may("workflow_executions.retry") && (
        <Button className="h-8" onClick={() => setAsked({ action: "retry", isAll })}>
          <RotateCcw aria-hidden />
          {isAll ? t("Retry all") : t("Retry")}
        </Button>
      )}
      {may("workflow_executions.cancel") && (
        <Button className="h-8" onClick={() => setAsked({ action: "cancel", isAll })}>
          <Ban aria-hidden />
          {isAll ? t("Cancel all") : t("Cancel")}
        </Button>
      )}
    </>
  );
  if (selected.length === 0 && !isNarrowed) return null;
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-2">
      <span className="text-muted">
        {selected.length > 0 ? t("{count} marked", { count: formatNumber(selected.length) }) : t("All that match the filters:")}
      </span>
      {buttons(selected.length === 0)}
      {asked && (
        <Confirm
          title={questionOf(asked.action).title}
          action={questionOf(asked.action).action}
          onConfirm={run}
          onClose={() => setAsked(null)}
        >
          <p className="mb-2 font-medium">
            {asked.isAll ? t("This is about all that match the filters.") : t("{count} marked", { count: formatNumber(selected.length) })}
          </p>
          {questionOf(asked.action).text}
        </Confirm>
      )}
    </div>
  );
}
