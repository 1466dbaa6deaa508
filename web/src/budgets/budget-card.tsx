import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { formatCost, formatNumber, formatPercent, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { cn } from "@/ui/classes";

import { PERIODS, SCOPES, scopesQuery, type Budget } from "./queries";

const LOOKS: Record<Budget["status"], { label: string; tone: Tone; color: string }> = {
  ok: { label: "Within", tone: "success", color: "bg-success" },
  warning: { label: "Nearly used", tone: "warning", color: "bg-warning" },
  exhausted: { label: "Used up", tone: "danger", color: "bg-danger" },
};

/** How a budget stands, and what can be done with it. */
export function BudgetCard({ budget, actions }: { budget: Budget; actions?: ReactNode }) {
  const { label, tone, color } = LOOKS[budget.status];
  return (
    <li className="flex min-w-0 flex-col gap-2 rounded-xl border p-3">
      <div className="flex min-h-8 items-center gap-2">
        <span dir="auto" className="min-w-0 flex-1 truncate font-medium">
          {budget.name}
        </span>
        <Badge tone={tone}>{t(label)}</Badge>
        {actions}
      </div>
      <Scope budget={budget} />
      {budget.limit_cost !== null && (
        <Used used={budget.used.cost} reserved={budget.reserved.cost} limit={budget.limit_cost} format={formatCost} color={color} />
      )}
      {budget.limit_tokens !== null && (
        <Used
          used={budget.used.tokens}
          reserved={budget.reserved.tokens}
          limit={budget.limit_tokens}
          format={(count) => t("{count} tokens", { count: formatNumber(count) })}
          color={color}
        />
      )}
      {budget.soft_limit !== null && <p className="text-xs text-muted">{softLimit(budget, budget.soft_limit)}</p>}
      {budget.resets_at && <p className="text-xs text-muted">{t("Begins anew {time}", { time: formatTime(budget.resets_at) })}</p>}
    </li>
  );
}

function softLimit({ on_soft, model }: Budget, limit: number): string {
  const part = formatPercent(limit);
  return on_soft === "use_model" ? t("From {part} on {model} answers.", { part, model: model ?? "" }) : t("Warns from {part} on.", { part });
}

/** Whose spending counts, and for how long. */
function Scope({ budget }: { budget: Budget }) {
  const { uuid } = useWorkspace();
  const scopes = useQuery(scopesQuery(uuid, budget.scope_type));
  const name = scopes.data?.find((each) => each.uuid === budget.scope_uuid)?.name;
  return (
    <p className="flex flex-wrap gap-x-1.5 text-xs text-muted">
      <span dir="auto" className="max-w-full truncate">
        {t(SCOPES[budget.scope_type].label)}
        {name !== undefined && ` ${name}`}
      </span>
      <span aria-hidden>·</span>
      <span>{t(PERIODS[budget.period].label)}</span>
    </p>
  );
}

interface UsedProps {
  used: number;
  /** Set aside for calls that are being made. */
  reserved: number;
  limit: number;
  format: (amount: number) => string;
  color: string;
}

function Used({ used, reserved, limit, format, color }: UsedProps) {
  const part = Math.min(used / limit, 1);
  const aside = Math.min(reserved / limit, 1 - part);
  return (
    <div>
      <p className="flex flex-wrap justify-between gap-x-3 tabular-nums">
        <span>{t("{used} of {limit}", { used: format(used), limit: format(limit) })}</span>
        {reserved > 0 && <span className="text-muted">{t("{amount} reserved", { amount: format(reserved) })}</span>}
      </p>
      <div aria-hidden className="mt-1 flex h-2 overflow-hidden rounded-full bg-hover">
        <div className={cn("h-full", color)} style={{ width: `${part * 100}%` }} />
        <div className={cn("h-full opacity-40", color)} style={{ width: `${aside * 100}%` }} />
      </div>
    </div>
  );
}
