import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { formatCost, formatDuration, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { JsonView } from "@/ui/json-view";
import { Switch } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";

import { LoopPasses } from "./loop-passes";
import { passesQuery, type Execution, type NodeOutcome } from "./queries";
import { StatusBadge } from "./status";
import { ErrorView, ValueView } from "./values";

/** What became of one node, in full. */
export function NodePanel({ execution, outcome }: { execution: Execution; outcome: NodeOutcome }) {
  const { usage } = outcome;
  const facts = [
    outcome.node_type,
    ...(outcome.attempts > 1 ? [t("{count} attempts", { count: formatNumber(outcome.attempts) })] : []),
    ...(outcome.duration_ms === null ? [] : [formatDuration(outcome.duration_ms)]),
    ...(usage ? [t("{count} tokens", { count: formatNumber(usage.input_tokens + usage.output_tokens) }), formatCost(usage.cost)] : []),
  ];
  const ports = Object.entries(outcome.outputs);
  return (
    <Section
      title={outcome.node_id}
      about={
        <span className="flex flex-wrap items-center gap-2">
          <StatusBadge status={outcome.status} />
          {facts.join(" · ")}
        </span>
      }
    >
      {outcome.repeated && <p className="text-warning">{t("A crash left its outcome unknown, so it was done once more.")}</p>}
      {outcome.error && <ErrorView error={outcome.error} />}
      <div className="grid gap-5 md:grid-cols-2">
        <ValueView title={t("Input of {node}", { node: outcome.node_id })} value={outcome.input} />
        {ports.length > 1 ? (
          <div className="flex flex-col gap-5">
            {ports.map(([port, given]) => (
              <ValueView key={port} title={t("Output of {node}", { node: `${outcome.node_id}.${port}` })} value={given} />
            ))}
          </div>
        ) : (
          <ValueView title={t("Output of {node}", { node: outcome.node_id })} value={outcome.output} />
        )}
      </div>
      {Object.keys(outcome.details).length > 0 && (
        <details className="rounded-lg border">
          <summary className="rounded-lg px-3 py-2 hover:bg-hover">{t("Details")}</summary>
          <div className="overflow-x-auto border-t p-2">
            <JsonView value={outcome.details} />
          </div>
        </details>
      )}
      {outcome.node_type === "loop" && outcome.items === null && <LoopPasses execution={execution} outcome={outcome} />}
      {outcome.items !== null && <Passes execution={execution} node={outcome.node_id} failed={outcome.failed_items ?? 0} />}
    </Section>
  );
}

/** A node in a loop, item by item. */
function Passes({ execution, node, failed }: { execution: Execution; node: string; failed: number }) {
  const { uuid } = useWorkspace();
  const [isFailed, setFailed] = useState(failed > 0);
  const query = useInfiniteQuery(passesQuery(uuid, execution.uuid, node, isFailed ? "failed" : undefined));
  return (
    <div className="flex flex-col gap-2">
      <Switch label={t("Only items that failed")} isOn={isFailed} onChange={setFailed} />
      <Listing query={query} empty={<p className="text-muted">{t("No item is like that.")}</p>}>
        {(passes) =>
          passes.map((pass) => (
            <details key={pass.path.join(".")} className="rounded-lg border">
              <summary className="flex flex-wrap items-center gap-2 rounded-lg px-3 py-2 hover:bg-hover">
                <span className="font-medium tabular-nums">{t("Item {number}", { number: pass.path.join(".") })}</span>
                <StatusBadge status={pass.status} />
                {pass.duration_ms !== null && <span className="text-muted">{formatDuration(pass.duration_ms)}</span>}
              </summary>
              <div className="flex flex-col gap-3 border-t p-3">
                {pass.error && <ErrorView error={pass.error} />}
                <div className="grid gap-5 md:grid-cols-2">
                  <ValueView title={t("Input")} value={pass.input} />
                  <ValueView title={t("Output")} value={pass.output} />
                </div>
              </div>
            </details>
          ))
        }
      </Listing>
    </div>
  );
}
