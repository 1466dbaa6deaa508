/** How large nodes are, where their ports stand, and where the nodes do after they are put in order. Pure. */
import { Graph, layout } from "@dagrejs/dagre";

import type { Draft, GraphEdge, GraphNode, Kinds, Point } from "./graph";
import { inputsOf, outputsOf, targetPort, type Port } from "./ports";

export const NODE_WIDTH = 224;
export const HEAD_HEIGHT = 60;
const ROW_HEIGHT = 24;
const FOOT = 8;
const GAP = 80;

export interface Size {
  width: number;
  height: number;
}

export interface Shape extends Size {
  inputs: readonly (Port & { y: number })[];
  outputs: readonly (Port & { y: number })[];
}

export function shapeOf(node: GraphNode, kinds: Kinds): Shape {
  if (node.type === "note") return { ...noteSize(node), inputs: [], outputs: [] };
  const kind = kinds.get(node.type);
  const [inputs, outputs] = [inputsOf(kind), outputsOf(node, kind)];
  const rows = Math.max(inputs.length > 1 ? inputs.length : 0, outputs.length > 1 ? outputs.length : 0);
  const place = (ports: readonly Port[]) =>
    ports.map((port, at) => ({ ...port, y: ports.length > 1 ? HEAD_HEIGHT + at * ROW_HEIGHT + ROW_HEIGHT / 2 : HEAD_HEIGHT / 2 }));
  return {
    width: NODE_WIDTH,
    height: HEAD_HEIGHT + (rows ? rows * ROW_HEIGHT + FOOT : 0),
    inputs: place(inputs),
    outputs: place(outputs),
  };
}

function noteSize(node: GraphNode): Size {
  const number = (value: unknown, usual: number): number => (typeof value === "number" ? Math.min(Math.max(value, 40), 4000) : usual);
  return { width: number(node.data?.["width"], 240), height: number(node.data?.["height"], 160) };
}

/** Where nodes stand in order, from left to right; notes stay. */
export function arranged({ nodes, edges }: Pick<Draft, "nodes" | "edges">, kinds: Kinds): ReadonlyMap<string, Point> {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: GAP, marginx: 0, marginy: 0 });
  const steps = nodes.filter((node) => node.type !== "note");
  const known = new Map(steps.map((node) => [node.id, node]));
  for (const node of steps) {
    const { width, height } = shapeOf(node, kinds);
    graph.setNode(node.id, { width, height });
  }
  const leadsBack = (edge: GraphEdge): boolean => targetPort(edge, known.get(edge.target), kinds) === "next";
  edges.forEach((edge, at) => {
    if (known.has(edge.source) && known.has(edge.target) && !leadsBack(edge)) graph.setEdge(edge.source, edge.target, {}, String(at));
  });
  layout(graph);
  return new Map(
    steps.map((node) => {
      const { x, y, width, height } = graph.node(node.id) as Point & Size;
      return [node.id, { x: Math.round(x - width / 2), y: Math.round(y - height / 2) }];
    }),
  );
}

/** A free place for a new node: beside the one that it follows, or below all others. */
export function placeBeside(nodes: readonly GraphNode[], kinds: Kinds, source: GraphNode | undefined): Point {
  const boxes = nodes.map((node) => ({ x: node.position?.x ?? 0, y: node.position?.y ?? 0, ...shapeOf(node, kinds) }));
  const from = boxes[source ? nodes.indexOf(source) : -1];
  const place = from
    ? { x: from.x + from.width + GAP, y: from.y }
    : { x: Math.min(0, ...boxes.map((box) => box.x)), y: boxes.length ? Math.max(...boxes.map((box) => box.y + box.height)) + GAP / 2 : 0 };
  const isTaken = (): boolean =>
    boxes.some((box) => place.x < box.x + box.width && box.x < place.x + NODE_WIDTH && place.y < box.y + box.height && box.y < place.y + HEAD_HEIGHT);
  while (isTaken()) place.y += HEAD_HEIGHT + GAP / 2;
  return place;
}
