/** A node on the canvas. */
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { CircleAlert, EyeOff, Pin } from "lucide-react";
import { memo } from "react";

import { t } from "@/i18n";
import { Markdown } from "@/markdown/markdown";
import { cn } from "@/ui/classes";

import type { NodeStatus } from "./execution";
import type { Shape } from "./geometry";
import { titleOf, type GraphNode, type Kind } from "./graph";
import { CATEGORIES, STATES } from "./looks";

export interface NodeData extends Record<string, unknown> {
  node: GraphNode;
  kind: Kind | undefined;
  shape: Shape;
  status: NodeStatus | undefined;
  problems: number;
  isReadOnly: boolean;
}

export type FlowNode = Node<NodeData, "step" | "note">;

const EDGES: Partial<Record<NodeStatus, string>> = {
  running: "border-accent",
  waiting: "border-warning",
  succeeded: "border-success/60",
  reused: "border-success/60",
  failed: "border-danger",
};

export const StepView = memo(function StepView({ data, selected }: NodeProps<FlowNode>) {
  const { node, kind, shape, status, problems } = data;
  return (
    <div
      className={cn(
        "flex h-full flex-col rounded-xl border bg-raised shadow-sm",
        status && EDGES[status],
        selected && "outline-2 outline-accent",
        node.disabled && "border-dashed",
      )}
    >
      <div className="flex h-[58px] shrink-0 items-center gap-2.5 px-3">
        <Head node={node} kind={kind} />
        <Marks node={node} status={status} problems={problems} />
      </div>
      <div className="relative flex-1">
        {[...(shape.inputs.length > 1 ? shape.inputs : []), ...(shape.outputs.length > 1 ? shape.outputs : [])].map((port) => (
          <span
            key={`${shape.inputs.includes(port) ? "in" : "out"} ${port.name}`}
            style={{ top: port.y - 68 }}
            className={cn("absolute max-w-[45%] truncate text-xs leading-4 text-muted", shape.inputs.includes(port) ? "start-3" : "end-3 text-end")}
          >
            {port.title}
          </span>
        ))}
      </div>
      {shape.inputs.map((port) => (
        <Handle key={port.name} id={port.name} type="target" position={Position.Left} style={{ top: port.y }} />
      ))}
      {shape.outputs.map((port) => (
        <Handle key={port.name} id={port.name} type="source" position={Position.Right} style={{ top: port.y }} />
      ))}
    </div>
  );
});

function Head({ node, kind }: { node: GraphNode; kind: Kind | undefined }) {
  const { icon: Icon, className } = CATEGORIES[kind?.category ?? "flow"];
  return (
    <>
      <span className={cn("flex size-8 shrink-0 items-center justify-center rounded-lg", className)} aria-hidden>
        <Icon className="size-4" />
      </span>
      <span className="min-w-0 flex-1">
        <span dir="auto" className={cn("block truncate leading-5 font-medium", node.disabled && "line-through")}>
          {titleOf(node, kind)}
        </span>
        <span className="block truncate text-xs leading-4 text-muted">{node.name ? (kind?.name ?? node.type) : node.id}</span>
      </span>
    </>
  );
}

function Marks({ node, status, problems }: Pick<NodeData, "node" | "status" | "problems">) {
  const state = status && STATES[status];
  return (
    <span className="flex items-center gap-1 [&_svg]:size-4">
      {node.pinned_output != null && <Pin className="text-muted" aria-label={t("Its output is pinned")} />}
      {node.disabled && <EyeOff className="text-muted" aria-label={t("Disabled")} />}
      {problems > 0 && <CircleAlert className="text-danger" aria-label={t("Has problems")} />}
      {state && <state.icon className={state.className} aria-label={t(state.label)} />}
    </span>
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  yellow: "bg-warning-soft",
  blue: "bg-accent-soft",
  green: "bg-success-soft",
  pink: "bg-danger-soft",
  grey: "bg-hover",
};

export const NoteView = memo(function NoteView({ data, selected }: NodeProps<FlowNode>) {
  const { text, color } = (data.node.data ?? {}) as { text?: string; color?: string };
  return (
    <div className={cn("h-full overflow-hidden rounded-lg border p-3", COLOURS[color ?? "yellow"] ?? COLOURS["yellow"], selected && "outline-2 outline-accent")}>
      {text ? <Markdown text={text} /> : <span className="text-muted">{t("An empty note")}</span>}
    </div>
  );
});
