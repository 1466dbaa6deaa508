import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { given, listOptions } from "@/api/lists";

import { periodOf, type DashboardSearch, type Interval, type Metric } from "./search";

export interface Statuses {
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** What some of the numbers have beside how many there were. */
export interface Figures {
  value: number;
  tokens?: Schemas["Tokens"];
  cost?: number;
  /** From the begin to the end, in milliseconds; executions tell the average, too. */
  latency_ms?: Schemas["Percentiles"];
  duration_ms?: Schemas["Duration"];
  statuses?: Statuses;
}

export interface Part extends Figures {
  agent_uuid?: string | null;
  workflow_uuid?: string | null;
  name?: string | null;
  role?: string;
  model?: string | null;
}

export interface Metrics extends Omit<Figures, "value"> {
  from: string;
  to: string;
  interval: Interval;
  timezone: string;
  total: number;
  previous_total: number;
  change: number | null;
  series: (Figures & { at: string })[];
  breakdown: Part[];
}

export const metricsQuery = (workspace: string, metric: Metric, search: DashboardSearch) =>
  queryOptions({
    queryKey: ["metrics", workspace, metric, search],
    queryFn: async ({ signal }): Promise<Metrics> => (await read(workspace, metric, search, signal)).data,
    placeholderData: keepPreviousData,
  });

function read(workspace: string, metric: Metric, search: DashboardSearch, signal: AbortSignal): Promise<{ data: Metrics }> {
  const query = { ...periodOf(search, new Date()), workspace_uuid: workspace };
  const agent = given({ agent_uuid: search.agent });
  const workflow = given({ workflow_uuid: search.workflow });
  switch (metric) {
    case "agents":
      return value(api.GET("/api/v1/metrics/agents", { params: { query: { ...query, ...agent } }, signal }));
    case "threads":
      return value(api.GET("/api/v1/metrics/threads", { params: { query: { ...query, ...agent } }, signal }));
    case "messages":
      return value(
        api.GET("/api/v1/metrics/messages", { params: { query: { ...query, ...given({ model: search.model }) } }, signal }),
      );
    case "workflows":
      return value(api.GET("/api/v1/metrics/workflows", { params: { query: { ...query, ...workflow } }, signal }));
    case "workflow-executions":
      return value(api.GET("/api/v1/metrics/workflow-executions", { params: { query: { ...query, ...workflow } }, signal }));
  }
}

const LEADERBOARD_PERIODS = { 1: "day", 7: "week", 30: "month", 90: "quarter", 365: "year" } as const;

export type Place = Schemas["AgentLeaderboard"];

export const leaderboardQuery = (workspace: string, { days = 30 }: DashboardSearch) =>
  listOptions<Place>(["leaderboard", workspace, days], (cursor, signal) =>
    value(
      api.GET("/api/v1/agents/leaderboard", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 20, period: LEADERBOARD_PERIODS[days] } },
        signal,
      }),
    ),
  );
