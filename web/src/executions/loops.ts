/** The nodes within a loop. Pure. */
import type { Schemas } from "@/api/client";

type Graph = Pick<Schemas["WorkflowExecutionDataWorkflowData"], "nodes" | "edges">;

const LOOP = "loop";
const ITEM = "item";

/** The nodes that a loop runs in each pass, in the order of the edges; what loops within it run is theirs. */
export function bodyOf({ nodes, edges }: Graph, loop: string): string[] {
  const types = new Map(nodes.map((node) => [node.id, node.type]));
  const found: string[] = [];
  const left = edges.filter((edge) => edge.source === loop && edge.source_handle === ITEM).map((edge) => edge.target);
  for (let id = left.shift(); id !== undefined; id = left.shift()) {
    if (id === loop || found.includes(id)) continue;
    found.push(id);
    const isInner = types.get(id) === LOOP;
    left.push(...edges.filter((edge) => edge.source === id && !(isInner && edge.source_handle === ITEM)).map((edge) => edge.target));
  }
  return found;
}
