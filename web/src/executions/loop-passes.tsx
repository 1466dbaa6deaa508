/** A loop, pass by pass: what each node of its body got and gave for one item. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";

import { formatDuration, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { IconButton } from "@/ui/button";
import { Input } from "@/ui/field";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";

import { bodyOf } from "./loops";
import { passQuery, type Execution, type NodeOutcome } from "./queries";
import { StatusBadge } from "./status";
import { ErrorView, ValueView } from "./values";

const route = getRouteApi("/w/$workspace/executions/$execution");

export function LoopPasses({ execution, outcome }: { execution: Execution; outcome: NodeOutcome }) {
  const { pass = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const graph = execution.data?.workflow_data;
  const body = graph ? bodyOf(graph, outcome.node_id) : [];
  const nodes = execution.data?.nodes ?? {};
  const begun = Math.max(0, ...body.map((id) => nodes[id]?.items ?? 0));
  const count = countOf(outcome.output) ?? begun;
  if (body.length === 0 || count === 0) return null;
  const index = Math.min(pass, count - 1);
  const go = (next: number): void => {
    if (next >= 0 && next < count) void navigate({ search: (before) => ({ ...before, pass: next }), replace: true });
  };
  return (
    <Section
      title={t("Passes")}
      about={t("What the loop did for each item; they count from 0, as index does.")}
      actions={
        <div role="group" aria-label={t("Item")} className="flex items-center gap-1 tabular-nums">
          <IconButton label={t("The item before")} disabled={index === 0} onClick={() => go(index - 1)}>
            <ChevronLeft className="rtl:-scale-x-100" />
          </IconButton>
          <Input
            type="number"
            aria-label={t("Number of the item")}
            className="h-9 w-20 text-center"
            min={0}
            max={count - 1}
            value={index}
            onChange={(event) => go(event.target.valueAsNumber)}
          />
          <IconButton label={t("The next item")} disabled={index === count - 1} onClick={() => go(index + 1)}>
            <ChevronRight className="rtl:-scale-x-100" />
          </IconButton>
          <span className="text-muted">{t("of {count}", { count: formatNumber(count) })}</span>
        </div>
      }
    >
      <div className="grid gap-2">
        {body.map((id) => (
          <Pass key={id} execution={execution.uuid} node={id} index={index} />
        ))}
      </div>
    </Section>
  );
}

/** How many items a loop had, as its output tells. */
function countOf(output: unknown): number | null {
  const count = (output as { count?: unknown } | null)?.count;
  return typeof count === "number" ? count : null;
}

function Pass({ execution, node, index }: { execution: string; node: string; index: number }) {
  const { uuid } = useWorkspace();
  const query = useQuery(passQuery(uuid, execution, node, String(index)));
  const pass = query.data;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <details open className="rounded-lg border">
      <summary className="flex flex-wrap items-center gap-2 rounded-lg px-3 py-2 hover:bg-hover">
        <span className="font-medium">{node}</span>
        {pass && <StatusBadge status={pass.status} />}
        {pass && pass.duration_ms !== null && <span className="text-muted">{formatDuration(pass.duration_ms)}</span>}
        {pass === null && <span className="text-muted">{t("Not come to for this item.")}</span>}
      </summary>
      {pass && (
        <div className="flex flex-col gap-3 border-t p-3">
          {pass.error && <ErrorView error={pass.error} />}
          <div className="grid gap-5 md:grid-cols-2">
            <ValueView title={t("Input of {node}", { node })} value={pass.input} />
            <ValueView title={t("Output of {node}", { node })} value={pass.output} />
          </div>
        </div>
      )}
    </details>
  );
}
