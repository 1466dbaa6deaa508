import { useInfiniteQuery } from "@tanstack/react-query";
import { Trophy } from "lucide-react";

import { formatCost, formatDuration, formatNumber, formatPercent } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { leaderboardQuery, type Place } from "./queries";
import type { DashboardSearch } from "./search";

/** The agents against each other, over the page's days. */
export function Leaderboard({ search }: { search: DashboardSearch }) {
  const { uuid } = useWorkspace();
  const query = useInfiniteQuery(leaderboardQuery(uuid, search));
  return (
    <Section title={t("Agents compared")} about={t("The score is how good an agent is at least, with 95 % certainty, over the last {count} days.", { count: search.days ?? 30 })}>
      <Listing query={query} empty={<Empty icon={<Trophy aria-hidden />} title={t("No agent ran")}>{t("Agents that answer are compared here.")}</Empty>}>
        {(places) => <Table label={t("Agents compared")} columns={COLUMNS} rows={places} keyOf={(each) => each.agent.uuid} />}
      </Listing>
    </Section>
  );
}

const COLUMNS: readonly Column<Place>[] = [
  { id: "rank", label: "Place", className: "w-12", show: (each) => formatNumber(each.rank) },
  { id: "agent", label: "Agent", show: (each) => <span dir="auto" className="font-medium break-words">{each.agent.name}</span> },
  { id: "score", label: "Score", show: (each) => <Score place={each} /> },
  { id: "runs", label: "Runs", isNumber: true, show: (each) => formatNumber(each.runs) },
  { id: "success", label: "Success", isNumber: true, isMinor: true, show: (each) => (each.success_rate === null ? "–" : formatPercent(each.success_rate)) },
  { id: "rating", label: "Rating", isNumber: true, isMinor: true, show: (each) => (each.rating === null ? "–" : `${formatNumber(each.rating)} (${each.ratings})`) },
  { id: "cost", label: "Cost", isNumber: true, isMinor: true, show: (each) => formatCost(each.cost) },
  { id: "p95", label: "95th percentile", isNumber: true, isMinor: true, show: (each) => (each.p95_latency_ms === null ? "–" : formatDuration(each.p95_latency_ms)) },
];

/** The score, and between which ends the truth lies. */
function Score({ place: { score, score_interval: { low, high } } }: { place: Place }) {
  return (
    <span className="flex items-center gap-2 whitespace-nowrap tabular-nums">
      {formatPercent(score)}
      <span aria-hidden className="relative h-2 w-20 rounded-full bg-hover max-sm:hidden">
        <span className="absolute inset-y-0 rounded-full bg-accent" style={{ insetInlineStart: `${low * 100}%`, width: `${Math.max(high - low, 0.02) * 100}%` }} />
      </span>
      <span className="text-xs text-muted max-sm:hidden">
        {formatPercent(low)} – {formatPercent(high)}
      </span>
    </span>
  );
}
