/** Where edges may begin and end. Pure; the server has the last word. */
import { edgeKey, type Draft, type GraphEdge, type GraphNode, type Kind, type Kinds } from "./graph";

export interface Port {
  name: string;
  title: string;
}

const ERROR: Port = { name: "error", title: "Error" };
const NEXT = "next";

export function inputsOf(kind: Kind | undefined): readonly Port[] {
  return kind?.inputs ?? [];
}

/** The ports of the type, those that the node's configuration adds, and the one for failures. */
export function outputsOf(node: GraphNode, kind: Kind | undefined): readonly Port[] {
  if (!kind) return [];
  const added = kind.dynamic_outputs ? addedBy(node, kind) : [];
  const known = new Set(kind.outputs.map((port) => port.name));
  const ports = [...added.filter((port) => !known.has(port.name)), ...kind.outputs];
  return node.on_error === "branch" ? [...ports, ERROR] : ports;
}

/** A type adds a port for each entry of its list of named things, such as a switch's cases. */
function addedBy(node: GraphNode, kind: Kind): Port[] {
  const lists = Object.keys((kind.config_schema["properties"] as object | undefined) ?? {})
    .map((name) => node.data?.[name])
    .filter((value): value is unknown[] => Array.isArray(value));
  const names = lists.flat().flatMap((each) => {
    const name = (each as { name?: unknown } | null)?.name;
    return typeof name === "string" && name && name !== ERROR.name ? [name] : [];
  });
  return [...new Set(names)].map((name) => ({ name, title: name }));
}

/** The port that an edge begins at; left out, it is the node's first one. */
export function sourcePort(edge: GraphEdge, node: GraphNode | undefined, kinds: Kinds): string {
  return edge.source_handle ?? (node && outputsOf(node, kinds.get(node.type))[0]?.name) ?? "";
}

export function targetPort(edge: GraphEdge, node: GraphNode | undefined, kinds: Kinds): string {
  return edge.target_handle ?? (node && inputsOf(kinds.get(node.type))[0]?.name) ?? "";
}

export interface Wish {
  source: string;
  sourcePort: string;
  target: string;
  targetPort: string;
}

export type Refusal = "unknown" | "itself" | "twice" | "circle" | "body";

/** Why two ports cannot be connected; `null` when they can. */
export function refusal({ nodes, edges }: Draft, kinds: Kinds, wish: Wish): Refusal | null {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const [source, target] = [known.get(wish.source), known.get(wish.target)];
  const [from, to] = [source && kinds.get(source.type), target && kinds.get(target.type)];
  if (!source || !target || !from || !to) return "unknown";
  if (!outputsOf(source, from).some((port) => port.name === wish.sourcePort)) return "unknown";
  if (!inputsOf(to).some((port) => port.name === wish.targetPort)) return "unknown";
  const leadsBack = (edge: GraphEdge): boolean =>
    kinds.get(known.get(edge.target)?.type ?? "")?.kind === "loop" && targetPort(edge, known.get(edge.target), kinds) === NEXT;
  const isThere = edges.some(
    (edge) =>
      edge.source === wish.source &&
      edge.target === wish.target &&
      sourcePort(edge, source, kinds) === wish.sourcePort &&
      targetPort(edge, target, kinds) === wish.targetPort,
  );
  if (isThere) return "twice";
  if (to.kind === "loop" && wish.targetPort === NEXT) {
    const body = edges.filter((edge) => edge.source === target.id && sourcePort(edge, target, kinds) === "item");
    const isInBody = reached(body.map((edge) => edge.target), edges, target.id).has(source.id);
    return isInBody || source.id === target.id ? null : "body";
  }
  if (source.id === target.id) return "itself";
  const forward = edges.filter((edge) => !leadsBack(edge));
  return reached([target.id], forward).has(source.id) ? "circle" : null;
}

/** What edges lead to from some nodes, themselves included; without going on from `end`. */
export function reached(first: readonly string[], edges: readonly GraphEdge[], end?: string): ReadonlySet<string> {
  const onward = grouped(edges, "source");
  const seen = new Set<string>();
  const left = [...first];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id) || id === end) continue;
    seen.add(id);
    left.push(...(onward.get(id) ?? []).map((edge) => edge.target));
  }
  return seen;
}

function grouped(edges: readonly GraphEdge[], end: "source" | "target"): ReadonlyMap<string, readonly GraphEdge[]> {
  const groups = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const group = groups.get(edge[end]);
    if (group) group.push(edge);
    else groups.set(edge[end], [edge]);
  }
  return groups;
}

/** The nodes whose outputs are known to a node: those that lead to it, the nearest first. */
export function before(id: string, edges: readonly GraphEdge[]): readonly string[] {
  const back = grouped(edges, "target");
  const seen = new Set([id]);
  const order: string[] = [];
  for (let level = [id]; level.length > 0; ) {
    const next = new Set(level.flatMap((each) => (back.get(each) ?? []).map((edge) => edge.source)).filter((each) => !seen.has(each)));
    next.forEach((each) => seen.add(each));
    order.push(...next);
    level = [...next];
  }
  return order;
}

/** The edge from port to port, as it is written. */
export function edgeOf(wish: Wish): GraphEdge {
  return { source: wish.source, source_handle: wish.sourcePort, target: wish.target, target_handle: wish.targetPort };
}

/** The first edge by which a new node can follow another. */
export function following(draft: Draft, kinds: Kinds, source: GraphNode, target: GraphNode): GraphEdge | undefined {
  const input = inputsOf(kinds.get(target.type))[0];
  if (!input) return undefined;
  const used = new Set(draft.edges.filter((edge) => edge.source === source.id).map((edge) => sourcePort(edge, source, kinds)));
  const ports = outputsOf(source, kinds.get(source.type));
  const port = ports.find((each) => !used.has(each.name)) ?? ports[0];
  if (!port) return undefined;
  return edgeOf({ source: source.id, sourcePort: port.name, target: target.id, targetPort: input.name });
}

/** Whether a problem is about an edge: the server names those without an id by their ends. */
export function isAbout(edgeId: string, edge: GraphEdge): boolean {
  return edgeId === edgeKey(edge) || edgeId === (edge.id || `${edge.source}-${edge.target}`);
}
