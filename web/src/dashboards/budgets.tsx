import { useInfiniteQuery } from "@tanstack/react-query";
import { Wallet } from "lucide-react";

import { formatCost, formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { cn } from "@/ui/classes";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";

import { budgetsQuery, type Budget } from "./queries";

const LOOKS: Record<Budget["status"], { label: string; tone: Tone; color: string }> = {
  ok: { label: "Within", tone: "success", color: "bg-success" },
  warning: { label: "Nearly used", tone: "warning", color: "bg-warning" },
  exhausted: { label: "Used up", tone: "danger", color: "bg-danger" },
};

export function Budgets() {
  const { uuid } = useWorkspace();
  const query = useInfiniteQuery(budgetsQuery(uuid));
  return (
    <Section title={t("Budgets")}>
      <Listing query={query} empty={<Empty icon={<Wallet aria-hidden />} title={t("No budgets")}>{t("Nothing limits what is spent on models here.")}</Empty>}>
        {(budgets) => (
          <ul className="grid gap-3 md:grid-cols-2">
            {budgets.map((each) => (
              <BudgetCard key={each.uuid} budget={each} />
            ))}
          </ul>
        )}
      </Listing>
    </Section>
  );
}

function BudgetCard({ budget }: { budget: Budget }) {
  const { label, tone, color } = LOOKS[budget.status];
  return (
    <li className="flex flex-col gap-2 rounded-xl border p-3">
      <div className="flex items-center gap-2">
        <span dir="auto" className="min-w-0 flex-1 truncate font-medium">
          {budget.name}
        </span>
        <Badge tone={tone}>{t(label)}</Badge>
      </div>
      {budget.limit_cost !== null && <Used used={budget.used.cost} limit={budget.limit_cost} format={formatCost} color={color} />}
      {budget.limit_tokens !== null && (
        <Used used={budget.used.tokens} limit={budget.limit_tokens} format={(count) => t("{count} tokens", { count: formatNumber(count) })} color={color} />
      )}
      {budget.resets_at && <p className="text-xs text-muted">{t("Begins anew {time}", { time: formatTime(budget.resets_at) })}</p>}
    </li>
  );
}

function Used({ used, limit, format, color }: { used: number; limit: number; format: (amount: number) => string; color: string }) {
  const share = limit > 0 ? Math.min(used / limit, 1) : 1;
  return (
    <div>
      <p className="tabular-nums">{t("{used} of {limit}", { used: format(used), limit: format(limit) })}</p>
      <div aria-hidden className="mt-1 h-2 overflow-hidden rounded-full bg-hover">
        <div className={cn("h-full rounded-full", color)} style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
