import { formatDuration } from "@/format";
import { t } from "@/i18n";
import { cn } from "@/ui/classes";

import type { Execution } from "./queries";
import { spansOf, type Span } from "./spans";
import { StatusBadge } from "./status";

interface TimelineProps {
  execution: Execution;
  chosen: string | undefined;
  onChoose: (node: string) => void;
}

/** Each node as a bar over the time of the whole; a click shows it in full. */
export function Timeline({ execution, chosen, onChoose }: TimelineProps) {
  const { rows, total } = spansOf(execution, Date.now());
  if (rows.length === 0) return <p className="text-muted">{t("No node has begun yet.")}</p>;
  return (
    <div className="overflow-hidden rounded-xl border">
      <div className="flex items-center justify-between gap-3 border-b bg-panel px-3 py-1.5 text-xs text-muted">
        <span className="flex items-center gap-4">
          <Sample className="bg-accent" name={t("At work")} />
          <Sample className="border border-warning bg-warning-soft" name={t("Waiting")} />
        </span>
        <span className="tabular-nums">{formatDuration(total)}</span>
      </div>
      <ul>
        {rows.map((row) => (
          <Row key={row.outcome.node_id} row={row} isChosen={row.outcome.node_id === chosen} onChoose={onChoose} />
        ))}
      </ul>
    </div>
  );
}

function Sample({ className, name }: { className: string; name: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden className={cn("h-2 w-4 rounded-full", className)} />
      {name}
    </span>
  );
}

function Row({ row, isChosen, onChoose }: { row: Span; isChosen: boolean; onChoose: (node: string) => void }) {
  const { outcome, bar, isWait, milliseconds } = row;
  return (
    <li className="border-b last:border-b-0">
      <button
        type="button"
        aria-pressed={isChosen}
        onClick={() => onChoose(outcome.node_id)}
        className={cn(
          "grid w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1.5 px-3 py-2 text-start hover:bg-hover md:grid-cols-[minmax(0,14rem)_7.5rem_minmax(0,1fr)_4.5rem]",
          isChosen && "bg-hover",
        )}
      >
        <span className="min-w-0">
          <span className="block truncate font-medium">{outcome.node_id}</span>
          <span className="block truncate text-xs text-muted">
            {outcome.node_type}
            {outcome.attempts > 1 && ` · ${t("{count} attempts", { count: outcome.attempts })}`}
            {outcome.items !== null && ` · ${t("{count} items", { count: outcome.items })}`}
          </span>
        </span>
        <span className="justify-self-start">
          <StatusBadge status={outcome.status} />
        </span>
        <span aria-hidden className="relative h-2.5 rounded-full bg-hover max-md:col-span-2">
          {bar && (
            <span
              className={cn("absolute inset-y-0 min-w-1 rounded-full", colorOf(row))}
              style={{ insetInlineStart: `${Math.min(bar.begin, 0.995) * 100}%`, width: `${bar.length * 100}%` }}
            />
          )}
        </span>
        <span className="text-end text-xs text-muted tabular-nums max-md:hidden">
          {isWait && milliseconds !== null && <span className="sr-only">{t("Waiting")} </span>}
          {milliseconds === null ? "–" : formatDuration(milliseconds)}
        </span>
      </button>
    </li>
  );
}

function colorOf({ outcome, isWait }: Span): string {
  if (outcome.status === "failed") return "bg-danger";
  return isWait ? "border border-warning bg-warning-soft" : "bg-accent";
}
