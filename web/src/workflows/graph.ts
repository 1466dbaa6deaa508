/** A workflow as it is edited: its graph, what is selected, and the way back. Pure. */
import type { Schemas } from "@/api/client";

export type GraphNode = Schemas["Node"];
export type GraphEdge = Schemas["Edge"];
export type Kind = Schemas["NodeTypeDescription"];
export type Kinds = ReadonlyMap<string, Kind>;

export interface Point {
  x: number;
  y: number;
}

/** What is saved of a workflow. */
export interface Draft {
  name: string;
  description: string;
  tags: readonly string[];
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  variables: readonly Schemas["WorkflowVariable"][];
  settings: Schemas["WorkflowSettings"];
}

export interface Editing {
  present: Draft;
  /** As it was saved last; the same object as `present` where nothing is changed. */
  saved: Draft;
  /** The version of `saved` as the server knows it. */
  etag: string;
  past: readonly Draft[];
  future: readonly Draft[];
  /** Ids of nodes and keys of edges. */
  selection: ReadonlySet<string>;
  /** What the last step changed: further changes of it are the same step. */
  tag: string | null;
}

export type Action =
  | { type: "load"; draft: Draft; etag: string }
  | { type: "saved"; draft: Draft; etag: string }
  | { type: "known"; etag: string }
  | { type: "select"; ids: readonly string[] }
  | { type: "toggle"; changes: readonly { id: string; selected: boolean }[] }
  | { type: "add"; node: GraphNode; edge?: GraphEdge | undefined }
  | { type: "change"; id: string; changes: Partial<GraphNode> }
  | { type: "rename"; id: string; to: string }
  | { type: "move"; positions: ReadonlyMap<string, Point> }
  | { type: "settle" }
  | { type: "connect"; edge: GraphEdge }
  | { type: "changeEdge"; key: string; changes: Partial<GraphEdge> }
  | { type: "remove"; ids: ReadonlySet<string> }
  | { type: "paste"; nodes: readonly GraphNode[]; edges: readonly GraphEdge[]; by: Point }
  | { type: "describe"; changes: Partial<Omit<Draft, "nodes" | "edges">> }
  | { type: "replace"; changes: Partial<Draft> }
  | { type: "undo" }
  | { type: "redo" };

const MOST_STEPS = 200;
export const ID = /^[A-Za-z0-9_-]{1,64}$/;

export function begin(draft: Draft, etag = ""): Editing {
  return { present: draft, saved: draft, etag, past: [], future: [], selection: new Set(), tag: null };
}

/** What an edge is known by, also where it has no id of its own. */
export function edgeKey(edge: GraphEdge): string {
  return edge.id || [edge.source, edge.source_handle ?? "", edge.target, edge.target_handle ?? ""].join("|");
}

export function reduce(state: Editing, action: Action): Editing {
  switch (action.type) {
    case "load":
      return { ...begin(action.draft, action.etag), selection: still(state.selection, action.draft) };
    case "saved":
      return { ...state, saved: action.draft, etag: action.etag, tag: null };
    case "known":
      return { ...state, etag: action.etag };
    case "select":
      return { ...state, selection: new Set(action.ids), tag: null };
    case "toggle":
      return { ...state, selection: toggled(state.selection, action.changes), tag: null };
    case "settle":
      return { ...state, tag: null };
    case "undo":
    case "redo":
      return stepped(state, action.type);
    default: {
      const { draft, tag = null, selection } = edited(state.present, action);
      return draft === state.present ? state : { ...step(state, draft, tag), ...(selection && { selection: new Set(selection) }) };
    }
  }
}

function toggled(selection: ReadonlySet<string>, changes: readonly { id: string; selected: boolean }[]): ReadonlySet<string> {
  const next = new Set(selection);
  for (const { id, selected } of changes) {
    if (selected) next.add(id);
    else next.delete(id);
  }
  return next;
}

function step(state: Editing, present: Draft, tag: string | null): Editing {
  const isSame = tag !== null && tag === state.tag;
  const past = isSame ? state.past : [...state.past, state.present].slice(-MOST_STEPS);
  return { ...state, present, past, future: [], tag };
}

function stepped(state: Editing, direction: "undo" | "redo"): Editing {
  const isBack = direction === "undo";
  const present = isBack ? state.past.at(-1) : state.future[0];
  if (!present) return state;
  return {
    ...state,
    present,
    past: isBack ? state.past.slice(0, -1) : [...state.past, state.present],
    future: isBack ? [state.present, ...state.future] : state.future.slice(1),
    selection: still(state.selection, present),
    tag: null,
  };
}

/** What of a selection is there. */
function still(selection: ReadonlySet<string>, { nodes, edges }: Draft): ReadonlySet<string> {
  const there = new Set([...nodes.map((node) => node.id), ...edges.map(edgeKey)]);
  return new Set([...selection].filter((id) => there.has(id)));
}

type Edit = Exclude<Action, { type: "load" | "saved" | "known" | "select" | "toggle" | "settle" | "undo" | "redo" }>;

interface Edited {
  draft: Draft;
  tag?: string | null;
  selection?: readonly string[];
}

function edited(draft: Draft, action: Edit): Edited {
  const { nodes, edges } = draft;
  switch (action.type) {
    case "add": {
      const added = action.edge ? [...edges, action.edge] : edges;
      return { draft: { ...draft, nodes: [...nodes, action.node], edges: added }, selection: [action.node.id] };
    }
    case "change": {
      const changed = nodes.map((node) => (node.id === action.id ? { ...node, ...action.changes } : node));
      return { draft: { ...draft, nodes: changed }, tag: `change ${action.id} ${Object.keys(action.changes).join()}` };
    }
    case "rename":
      return { draft: { ...draft, ...renamed(nodes, edges, new Map([[action.id, action.to]])) }, selection: [action.to] };
    case "move": {
      const moved = nodes.map((node) => {
        const position = action.positions.get(node.id);
        return position ? { ...node, position: { x: Math.round(position.x), y: Math.round(position.y) } } : node;
      });
      return { draft: { ...draft, nodes: moved }, tag: "move" };
    }
    case "connect":
      return { draft: { ...draft, edges: [...edges, action.edge] } };
    case "changeEdge": {
      const changed = edges.map((edge) => (edgeKey(edge) === action.key ? { ...edge, ...action.changes } : edge));
      return { draft: { ...draft, edges: changed }, tag: `edge ${action.key}` };
    }
    case "remove":
      return { draft: without(draft, action.ids), selection: [] };
    case "paste": {
      const copies = copied(nodes, action);
      const selection = copies.nodes.map((node) => node.id);
      return { draft: { ...draft, nodes: [...nodes, ...copies.nodes], edges: [...edges, ...copies.edges] }, selection };
    }
    case "describe":
      return { draft: { ...draft, ...action.changes }, tag: `describe ${Object.keys(action.changes).join()}` };
    case "replace":
      return { draft: { ...draft, ...action.changes }, selection: [] };
  }
}

function without(draft: Draft, ids: ReadonlySet<string>): Draft {
  const nodes = draft.nodes.filter((node) => !ids.has(node.id));
  const edges = draft.edges.filter((edge) => !(ids.has(edgeKey(edge)) || ids.has(edge.source) || ids.has(edge.target)));
  const isSame = nodes.length === draft.nodes.length && edges.length === draft.edges.length;
  return isSame ? draft : { ...draft, nodes, edges };
}

/** Nodes with ids of their own in the graph, and the edges between them; what they say of each other follows. */
function copied(present: readonly GraphNode[], given: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[]; by: Point }) {
  const taken = new Set(present.map((node) => node.id));
  const names = new Map<string, string>();
  for (const node of given.nodes) {
    const id = freeId(node.id, taken);
    taken.add(id);
    names.set(node.id, id);
  }
  const inner = given.edges.filter((edge) => names.has(edge.source) && names.has(edge.target));
  const anonymous = inner.map(({ id: _id, ...edge }) => edge);
  const { nodes, edges } = renamed(given.nodes, anonymous, names);
  const moved = nodes.map((node) => ({
    ...node,
    position: { x: (node.position?.x ?? 0) + given.by.x, y: (node.position?.y ?? 0) + given.by.y },
  }));
  return { nodes: moved, edges };
}

/** An id like the wanted one that is not taken: `set`, `set_2`, `set_3`. */
export function freeId(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/_\d+$/, "").slice(0, 58);
  for (let number = 2; ; number += 1) {
    const id = `${stem}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** With other ids, in edges and expressions as well. */
function renamed(nodes: readonly GraphNode[], edges: readonly GraphEdge[], names: ReadonlyMap<string, string>) {
  const name = (id: string): string => names.get(id) ?? id;
  return {
    nodes: nodes.map((node) => ({ ...node, id: name(node.id), data: rewritten(node.data ?? {}, names) as Record<string, unknown> })),
    edges: edges.map((edge) => ({
      ...edge,
      source: name(edge.source),
      target: name(edge.target),
      ...(edge.condition ? { condition: rewritten(edge.condition, names) as string } : {}),
    })),
  };
}

const EXPRESSION = /\{\{[\s\S]*?\}\}/g;
const NODE = /\bnodes(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[(["'])([A-Za-z0-9_-]+)\2\])/g;

function rewritten(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") {
    return value.replace(EXPRESSION, (expression) =>
      expression.replace(NODE, (whole, plain: string | undefined, _quote, quoted: string | undefined) => {
        const to = names.get(plain ?? quoted ?? "");
        return to === undefined ? whole : output(to);
      }),
    );
  }
  if (Array.isArray(value)) return value.map((each) => rewritten(each, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rewritten(each, names)]));
}

/** How expressions name a node. */
export function output(id: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(id) ? `nodes.${id}` : `nodes["${id}"]`;
}

export function titleOf(node: GraphNode, kind: Kind | undefined): string {
  return node.name || kind?.name || node.type;
}
