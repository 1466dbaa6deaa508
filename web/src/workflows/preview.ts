/** What an expression is shown with: the outputs of an execution, and those that are pinned. Pure. */
import type { Schemas } from "@/api/client";

import { type Draft, type GraphNode, type Kinds } from "./graph";
import { inputsOf, sourcePort, targetPort } from "./ports";

export type Asked = Schemas["ExpressionPreview"];

const ITEM = "item";

/** The node whose output arrives at another one's first input; none where that is a loop's item. */
export function inputFrom({ nodes, edges }: Draft, kinds: Kinds, node: GraphNode): string | undefined {
  const first = inputsOf(kinds.get(node.type))[0]?.name;
  const edge = edges.find((each) => each.target === node.id && targetPort(each, node, kinds) === first);
  const source = nodes.find((each) => each.id === edge?.source);
  if (!edge || !source) return undefined;
  return kinds.get(source.type)?.kind === "loop" && sourcePort(edge, source, kinds) === ITEM ? undefined : source.id;
}

/** What nodes give in tests, by their ids. */
export function pinnedOutputs({ nodes }: Draft): Record<string, unknown> {
  return Object.fromEntries(nodes.filter((node) => node.pinned_output != null).map((node) => [node.id, node.pinned_output]));
}

/** The list of which a field is evaluated for each item. */
export function listOf(node: GraphNode): string {
  const items = node.data?.["items"];
  return typeof items === "string" ? items : "{{ input }}";
}

/** The value on one line, as long as one line is. */
export function inShort(value: unknown, most = 300): string {
  const { begin, ...others } = (value ?? {}) as { begin?: unknown };
  // What a node gave may look alike.
  const cut = typeof begin === "string" && Object.keys(others).sort().join() === "size,truncated" ? begin : null;
  const text = cut ?? (typeof value === "string" ? value : JSON.stringify(value));
  return cut !== null || text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Where a character stands in a text of which the server counts whole characters, and the browser halves of some. */
export function placeOf(text: string, position: number): number {
  return [...text].slice(0, position).join("").length;
}
