import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { given } from "@/api/lists";
import { workflowQuery } from "@/executions/queries";
import { formatCost, formatDuration, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Section } from "@/ui/page";
import { Table, type Column } from "@/ui/table";

import type { Part } from "./queries";
import type { DashboardSearch, Metric } from "./search";

type Narrowed = Pick<DashboardSearch, "agent" | "workflow" | "model">;

interface BreakdownProps {
  metric: Metric;
  parts: readonly Part[];
  search: DashboardSearch;
  onNarrow: (narrowed: Narrowed) => void;
}

/** What a number is made of, the greatest first. A name narrows the page to it. */
export function Breakdown({ metric, parts, search, onNarrow }: BreakdownProps) {
  if (parts.length === 0) return null;
  const [first] = parts;
  const latency = (each: Part): number | null => (each.latency_ms ?? each.duration_ms)?.p95 ?? null;
  const columns: Column<Part>[] = [
    { id: "name", label: "Of what", show: (each) => <PartName part={each} onNarrow={onNarrow} /> },
    { id: "value", label: "Count", isNumber: true, show: (each) => formatNumber(each.value) },
    ...(first?.statuses ? [{ id: "failed", label: "Failed", isNumber: true, show: (each: Part) => <FailedCount part={each} search={search} /> }] : []),
    ...(first?.tokens
      ? [{ id: "tokens", label: "Tokens", isNumber: true, isMinor: true, show: (each: Part) => formatNumber((each.tokens?.input ?? 0) + (each.tokens?.output ?? 0)) }]
      : []),
    ...(first?.cost === undefined ? [] : [{ id: "cost", label: "Cost", isNumber: true, isMinor: true, show: (each: Part) => formatCost(each.cost ?? 0) }]),
    ...(first?.latency_ms || first?.duration_ms
      ? [
          {
            id: "p95",
            label: "95th percentile",
            isNumber: true,
            isMinor: true,
            show: (each: Part) => {
              const found = latency(each);
              return found === null ? "–" : formatDuration(found);
            },
          },
        ]
      : []),
  ];
  return (
    <Section title={t("Breakdown")}>
      <Table label={t("Breakdown")} columns={columns} rows={parts} keyOf={(each) => keyOf(metric, each)} />
    </Section>
  );
}

function keyOf(metric: Metric, part: Part): string {
  return [metric, part.agent_uuid, part.workflow_uuid, part.role, part.model].join(" ");
}

function PartName({ part, onNarrow }: { part: Part; onNarrow: (narrowed: Narrowed) => void }) {
  const narrowed = given({ agent: part.agent_uuid ?? undefined, workflow: part.workflow_uuid ?? undefined, model: part.model ?? undefined });
  const isOf = Object.keys(narrowed).length > 0;
  const shown = part.workflow_uuid && !part.name ? <WorkflowName workflow={part.workflow_uuid} /> : nameOf(part);
  if (!isOf) return <span className="text-muted">{shown}</span>;
  return (
    <button type="button" dir="auto" onClick={() => onNarrow(narrowed)} className="max-w-full text-start font-medium break-words hover:underline">
      {shown}
    </button>
  );
}

function nameOf(part: Part): string {
  if (part.role !== undefined) return part.model ? `${part.model} · ${part.role}` : part.role;
  return part.name ?? t("No agent");
}

function WorkflowName({ workflow }: { workflow: string }) {
  const { uuid } = useWorkspace();
  const { data, isError } = useQuery(workflowQuery(uuid, workflow));
  return isError ? t("A deleted workflow") : (data ?? "…");
}

/** How many failed; of a workflow, with the way to them. */
function FailedCount({ part, search }: { part: Part; search: DashboardSearch }) {
  const { uuid, may } = useWorkspace();
  const failed = part.statuses?.failed ?? 0;
  if (!part.workflow_uuid || failed === 0 || !may("workflow_executions.view")) return formatNumber(failed);
  return (
    <Link
      to="/w/$workspace/executions"
      params={{ workspace: uuid }}
      search={{ status: "failed", workflow: part.workflow_uuid, ...given({ from: search.from, to: search.to }) }}
      aria-label={t("Failed executions: {count}", { count: failed })}
      className="text-danger underline"
    >
      {formatNumber(failed)}
    </Link>
  );
}
