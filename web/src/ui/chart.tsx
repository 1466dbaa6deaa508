import { lazy, Suspense } from "react";

export interface ChartSeries {
  /** The property of each point. */
  id: string;
  label: string;
  color: "accent" | "success" | "danger" | "warning" | "muted";
}

export interface ChartPoint {
  /** The start of the period, RFC 3339. */
  at: string;
  [series: string]: number | string | null;
}

export interface ChartProps {
  label: string;
  points: readonly ChartPoint[];
  series: readonly ChartSeries[];
  kind?: "area" | "bar" | "line";
  /** Whether the series add up. */
  isStacked?: boolean;
  /** A period's start as it stands below the chart. */
  formatAt: (at: string) => string;
  formatValue: (value: number) => string;
  height?: number;
}

const Loaded = lazy(() => import("./chart-drawing"));

/** Values over time, loaded when it is first shown. */
export function Chart(props: ChartProps) {
  const height = props.height ?? 220;
  return (
    <Suspense fallback={<div style={{ height }} className="animate-pulse rounded-lg bg-panel" />}>
      <Loaded {...props} height={height} />
    </Suspense>
  );
}
