import { useQuery } from "@tanstack/react-query";
import { TrendingDown, TrendingUp } from "lucide-react";

import { formatNumber, formatPercent } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { cn } from "@/ui/classes";

import { metricsQuery } from "./queries";
import { METRICS, type DashboardSearch, type Metric } from "./search";

const NAMES: Record<Metric, { label: string }> = {
  agents: { label: "Runs of agents" },
  workflows: { label: "Runs of workflows" },
  threads: { label: "Threads" },
  messages: { label: "Messages" },
  "workflow-executions": { label: "Executions" },
};

export function metricName(metric: Metric): string {
  return t(NAMES[metric].label);
}

interface TilesProps {
  search: DashboardSearch;
  chosen: Metric;
  onChoose: (metric: Metric) => void;
}

/** Each number's total and how it changed; the chosen one is shown in full below. */
export function Tiles({ search, chosen, onChoose }: TilesProps) {
  const { metric: _, agent: _agent, workflow: _workflow, model: _model, ...period } = search;
  return (
    <div role="group" aria-label={t("Metrics")} className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-5">
      {METRICS.map((metric) => (
        <Tile key={metric} metric={metric} period={period} isChosen={metric === chosen} onChoose={() => onChoose(metric)} />
      ))}
    </div>
  );
}

function Tile({ metric, period, isChosen, onChoose }: { metric: Metric; period: DashboardSearch; isChosen: boolean; onChoose: () => void }) {
  const { uuid } = useWorkspace();
  const { data } = useQuery(metricsQuery(uuid, metric, period));
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      onClick={onChoose}
      className={cn("flex min-w-0 flex-col rounded-xl border p-3 text-start hover:bg-hover", isChosen && "border-accent bg-accent-soft")}
    >
      <span className="truncate text-muted">{metricName(metric)}</span>
      <span className="text-2xl font-semibold tabular-nums">{data ? formatNumber(data.total) : "–"}</span>
      <Change change={data?.change ?? null} />
    </button>
  );
}

/** How it changed from the equally long period before. */
export function Change({ change }: { change: number | null }) {
  if (change === null) return <span className="text-xs text-muted">{t("nothing before")}</span>;
  return (
    <span className="flex items-center gap-1 text-xs text-muted [&_svg]:size-3.5">
      {change > 0 && <TrendingUp aria-hidden />}
      {change < 0 && <TrendingDown aria-hidden />}
      {change > 0 && "+"}
      {formatPercent(change)}
      <span className="sr-only"> {t("from the period before")}</span>
    </span>
  );
}
