/** When each node of an execution was at work, as parts of the whole. Pure. */
import type { Execution, NodeOutcome } from "./queries";

/** Types of nodes whose time is spent waiting for somebody or something. */
const WAITING_TYPES = new Set(["wait", "approval", "form"]);

export interface Span {
  outcome: NodeOutcome;
  /** Begin and length as parts of the whole, 0 to 1; null where the node never began. */
  bar: { begin: number; length: number } | null;
  isWait: boolean;
  milliseconds: number | null;
}

export interface Spans {
  rows: Span[];
  /** Milliseconds from the first begin to the last end. */
  total: number;
}

/** The nodes in the order in which they began; those that never did come last. `now` is in milliseconds since 1970. */
export function spansOf(execution: Pick<Execution, "data" | "status">, now: number): Spans {
  const outcomes = Object.values(execution.data?.nodes ?? {});
  const begins = outcomes.flatMap((each) => (each.started_at ? [Date.parse(each.started_at)] : []));
  const ends = outcomes.flatMap((each) => (each.started_at ? [endOf(each, now)] : []));
  const first = Math.min(...begins);
  const total = begins.length > 0 ? Math.max(Math.max(...ends) - first, 1) : 0;
  const rows = outcomes.map((outcome): Span => {
    const isWait = outcome.status === "waiting" || WAITING_TYPES.has(outcome.node_type);
    if (!outcome.started_at) return { outcome, bar: null, isWait, milliseconds: null };
    const begun = Date.parse(outcome.started_at);
    const milliseconds = Math.max(endOf(outcome, now) - begun, 0);
    return { outcome, bar: { begin: (begun - first) / total, length: milliseconds / total }, isWait, milliseconds };
  });
  return { rows: rows.sort((one, other) => orderOf(one) - orderOf(other)), total };
}

function endOf(outcome: NodeOutcome, now: number): number {
  return outcome.finished_at ? Date.parse(outcome.finished_at) : now;
}

function orderOf({ bar }: Span): number {
  return bar ? bar.begin : 2;
}
