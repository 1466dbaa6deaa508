/** The graph as React Flow draws it. What did not change stays the same object, so that it is not drawn anew. */
import { Position, type Edge } from "@xyflow/react";
import { useMemo, useRef } from "react";

import { t } from "@/i18n";

import { useEditor, type Editor } from "./editor-context";
import { shapeOf, type Shape } from "./geometry";
import { edgeKey, titleOf, type GraphNode } from "./graph";
import { STATES } from "./looks";
import type { FlowNode } from "./node-view";
import { isAbout, sourcePort, targetPort } from "./ports";

export type FlowEdge = Edge;

const HANDLE = 12;
const MOST_LABEL = 28;

export function useFlowNodes(): FlowNode[] {
  const editor = useEditor();
  const { state, shown, problems, isReadOnly, kinds } = editor;
  const before = useRef(new Map<string, FlowNode>());
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { node_id } of problems) if (node_id) counts.set(node_id, (counts.get(node_id) ?? 0) + 1);
    const made = state.present.nodes.map((node) => {
      const status = shown?.states[node.id];
      const isSelected = state.selection.has(node.id);
      const found = before.current.get(node.id);
      const count = counts.get(node.id) ?? 0;
      const data = found?.data;
      const isSame =
        found && data?.node === node && data.status === status && data.problems === count && data.isReadOnly === isReadOnly && found.selected === isSelected;
      return isSame ? found : flowNode(node, kinds, { status, problems: count, isReadOnly }, isSelected, data);
    });
    before.current = new Map(made.map((node) => [node.id, node]));
    return made;
  }, [state.present.nodes, state.selection, shown?.states, problems, isReadOnly, kinds]);
}

type Facts = Pick<FlowNode["data"], "status" | "problems" | "isReadOnly">;

function flowNode(node: GraphNode, kinds: Editor["kinds"], facts: Facts, selected: boolean, former: FlowNode["data"] | undefined): FlowNode {
  const kind = kinds.get(node.type);
  const isMovedOnly = former && former.node.data === node.data && former.node.on_error === node.on_error;
  const shape = isMovedOnly ? former.shape : shapeOf(node, kinds);
  const said = [titleOf(node, kind), kind?.name, facts.status && t(STATES[facts.status].label), facts.problems > 0 && t("Has problems")];
  return {
    id: node.id,
    type: node.type === "note" ? "note" : "step",
    position: { x: node.position?.x ?? 0, y: node.position?.y ?? 0 },
    data: { node, kind, shape, ...facts },
    selected,
    width: shape.width,
    height: shape.height,
    measured: { width: shape.width, height: shape.height },
    handles: handles(shape),
    ariaLabel: [...new Set(said.filter(Boolean))].join(", "),
    ...(node.type === "note" ? { zIndex: -1 } : {}),
  };
}

function handles({ width, inputs, outputs }: Shape): NonNullable<FlowNode["handles"]> {
  const at = { width: HANDLE, height: HANDLE };
  return [
    ...inputs.map(({ name, y }) => ({ id: name, type: "target" as const, position: Position.Left, x: -HANDLE / 2, y: y - HANDLE / 2, ...at })),
    ...outputs.map(({ name, y }) => ({ id: name, type: "source" as const, position: Position.Right, x: width - HANDLE / 2, y: y - HANDLE / 2, ...at })),
  ];
}

export function useFlowEdges(): FlowEdge[] {
  const { state, shown, problems, kinds } = useEditor();
  const { nodes, edges } = state.present;
  // Edges name ports of nodes, not their places: while nodes are moved, edges stay the same.
  const ports = nodes.map((node) => `${node.id} ${node.type} ${node.name ?? ""} ${node.on_error ?? ""}`).join("\n");
  const known = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [ports]);
  return useMemo(
    () =>
      edges.map((edge): FlowEdge => {
        const key = edgeKey(edge);
        const [source, target] = [known.get(edge.source), known.get(edge.target)];
        const port = sourcePort(edge, source, kinds);
        const wentOn = shown?.nodes[edge.source]?.outputs ?? {};
        const isWrong = problems.some(({ edge_id }) => edge_id !== null && isAbout(edge_id, edge));
        const condition = edge.condition?.replaceAll(/^\{\{|\}\}$/g, "").trim() ?? "";
        return {
          id: key,
          source: edge.source,
          target: edge.target,
          sourceHandle: port,
          targetHandle: targetPort(edge, target, kinds),
          selected: state.selection.has(key),
          animated: shown?.states[edge.target] === "running",
          className: isWrong ? "wrong" : port in wentOn ? "done" : "",
          ariaLabel: t("From {source} to {target}", {
            source: source ? titleOf(source, kinds.get(source.type)) : edge.source,
            target: target ? titleOf(target, kinds.get(target.type)) : edge.target,
          }),
          ...(condition ? { label: condition.length > MOST_LABEL ? `${condition.slice(0, MOST_LABEL)}…` : condition } : {}),
        };
      }),
    [edges, known, state.selection, shown?.states, shown?.nodes, problems, kinds],
  );
}
