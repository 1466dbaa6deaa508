import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { formatCost, formatDuration, formatMoment, formatNumber } from "@/format";
import { t } from "@/i18n";
import { Chart, type ChartPoint, type ChartSeries } from "@/ui/chart";
import { Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";

import { Breakdown } from "./breakdown";
import type { Metrics } from "./queries";
import type { DashboardSearch, Interval, Metric } from "./search";
import { metricName } from "./tiles";

const STATUS_SERIES: readonly ChartSeries[] = [
  { id: "succeeded", label: "Succeeded", color: "success" },
  { id: "failed", label: "Failed", color: "danger" },
  { id: "cancelled", label: "Cancelled", color: "muted" },
];
const COUNT_SERIES: readonly ChartSeries[] = [{ id: "value", label: "Count", color: "accent" }];
const COST_SERIES: readonly ChartSeries[] = [{ id: "cost", label: "Cost", color: "accent" }];
const LATENCY_SERIES: readonly ChartSeries[] = [
  { id: "p50", label: "Median", color: "accent" },
  { id: "p95", label: "95th percentile", color: "warning" },
];

interface MetricViewProps {
  metric: Metric;
  search: DashboardSearch;
  query: UseQueryResult<Metrics>;
  onNarrow: (narrowed: Pick<DashboardSearch, "agent" | "workflow" | "model">) => void;
}

/** One number over time, with what it took, and by what it is made of. */
export function MetricView({ metric, search, query, onNarrow }: MetricViewProps) {
  const { data, error } = query;
  if (error && !data) return <Failure error={error} onRetry={() => void query.refetch()} />;
  if (!data) return <Skeleton />;
  const latency = data.latency_ms ?? data.duration_ms;
  const points = data.series.map(pointOf);
  const formatAt = (at: string): string => bucketName(at, data.interval);
  return (
    <>
      {error && <Failure error={error} onRetry={() => void query.refetch()} />}
      <Section title={metricName(metric)} about={t("{count} in the period before", { count: formatNumber(data.previous_total) })}>
        <Facts data={data} />
        <div className="rounded-xl border p-3">
          <Chart
            label={metricName(metric)}
            points={points}
            series={data.statuses ? STATUS_SERIES : COUNT_SERIES}
            kind="bar"
            isStacked
            formatAt={formatAt}
            formatValue={formatNumber}
          />
        </div>
        <div className="grid gap-3 md:grid-cols-2">
          {data.cost !== undefined && (
            <Framed title={t("Cost")}>
              <Chart label={t("Cost")} points={points} series={COST_SERIES} height={160} formatAt={formatAt} formatValue={formatCost} />
            </Framed>
          )}
          {latency && (
            <Framed title={t("Latency")}>
              <Chart label={t("Latency")} points={points} series={LATENCY_SERIES} kind="line" height={160} formatAt={formatAt} formatValue={formatDuration} />
            </Framed>
          )}
        </div>
      </Section>
      <Breakdown metric={metric} parts={data.breakdown} search={search} onNarrow={onNarrow} />
    </>
  );
}

function Framed({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="min-w-0 rounded-xl border p-3">
      <h3 className="mb-2 font-medium">{title}</h3>
      {children}
    </div>
  );
}

function Facts({ data }: { data: Metrics }) {
  const latency = data.latency_ms ?? data.duration_ms;
  const facts: [string, string][] = [
    ...(data.statuses
      ? ([
          [t("Succeeded"), formatNumber(data.statuses.succeeded)],
          [t("Failed"), formatNumber(data.statuses.failed)],
          [t("Cancelled"), formatNumber(data.statuses.cancelled)],
        ] as [string, string][])
      : []),
    ...(data.tokens
      ? ([
          [t("Tokens in"), formatNumber(data.tokens.input)],
          [t("Tokens out"), formatNumber(data.tokens.output)],
        ] as [string, string][])
      : []),
    ...(data.cost === undefined ? [] : ([[t("Cost"), formatCost(data.cost)]] as [string, string][])),
    ...(latency
      ? ([
          [t("Median"), duration(latency.p50)],
          [t("95th percentile"), duration(latency.p95)],
          [t("99th percentile"), duration(latency.p99)],
        ] as [string, string][])
      : []),
  ];
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3">
      {facts.map(([name, shown]) => (
        <div key={name}>
          <dt className="text-xs text-muted">{name}</dt>
          <dd className="font-medium tabular-nums">{shown}</dd>
        </div>
      ))}
    </dl>
  );
}

function duration(milliseconds: number | null): string {
  return milliseconds === null ? "–" : formatDuration(milliseconds);
}

function pointOf(each: Metrics["series"][number]): ChartPoint {
  const latency = each.latency_ms ?? each.duration_ms;
  return {
    at: each.at,
    value: each.value,
    cost: each.cost ?? null,
    p50: latency?.p50 ?? null,
    p95: latency?.p95 ?? null,
    succeeded: each.statuses?.succeeded ?? 0,
    failed: each.statuses?.failed ?? 0,
    cancelled: each.statuses?.cancelled ?? 0,
  };
}

function bucketName(at: string, interval: Interval): string {
  const looks: Record<Interval, Intl.DateTimeFormatOptions> = {
    hour: { hour: "numeric", minute: "2-digit" },
    day: { day: "numeric", month: "short" },
    week: { day: "numeric", month: "short" },
    month: { month: "short", year: "numeric" },
  };
  return formatMoment(at, looks[interval]);
}
