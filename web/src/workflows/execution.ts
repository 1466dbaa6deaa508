/** What became of each node, as an execution's events tell it while it runs. Pure. */
import type { Schemas } from "@/api/client";
import type { RunEvent } from "@/chat/sse";

export type NodeStatus = Schemas["NodeTotals"]["status"];
export type RunStatus = Schemas["WorkflowExecution"]["status"];
export type NodeTotals = Schemas["NodeTotals"];

export interface Progress {
  lastEvent: number;
  status: RunStatus;
  nodes: Readonly<Record<string, NodeStatus>>;
}

export const NOT_BEGUN: Progress = { lastEvent: 0, status: "queued", nodes: {} };

const ENDS: Readonly<Record<string, RunStatus>> = {
  "run.completed": "succeeded",
  "run.failed": "failed",
  "run.cancelled": "cancelled",
};
const STEPS: Readonly<Record<string, NodeStatus>> = {
  "node.started": "running",
  "node.retrying": "running",
  "node.repeated": "running",
  "node.completed": "succeeded",
  "node.failed": "failed",
};

export function hasEnded(status: RunStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** After one more event; events that were seen already change nothing. */
export function advance(progress: Progress, { id, type, data }: RunEvent): Progress {
  if (id <= progress.lastEvent) return progress;
  const told = { ...progress, lastEvent: id };
  const end = ENDS[type];
  if (end) return { ...told, status: end, nodes: settled(progress.nodes, end) };
  const node = data["node_id"];
  if (typeof node !== "string") return type === "run.started" ? { ...told, status: "running" } : told;
  const status = STEPS[type] ?? ("until" in data ? "waiting" : progress.nodes[node] ?? "running");
  const shown = type === "node.completed" && data["reused"] ? "reused" : status;
  return { ...told, status: shown === "waiting" ? "waiting" : "running", nodes: { ...progress.nodes, [node]: shown } };
}

/** When it has ended, nothing is at work any more. */
function settled(nodes: Progress["nodes"], end: RunStatus): Progress["nodes"] {
  if (end === "succeeded") return nodes;
  const cancelled = ([id, status]: [string, NodeStatus]): [string, NodeStatus] =>
    status === "running" || status === "waiting" ? [id, "cancelled"] : [id, status];
  return Object.fromEntries(Object.entries(nodes).map(cancelled));
}

/** A list of objects as a table: its columns; `null` where it is no such list. */
export function columnsOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const isRow = (each: unknown): each is object => typeof each === "object" && each !== null && !Array.isArray(each);
  if (!value.every(isRow)) return null;
  return [...new Set(value.flatMap((row) => Object.keys(row)))].slice(0, 30);
}
