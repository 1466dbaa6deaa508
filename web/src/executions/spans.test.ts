import { describe, expect, it } from "vitest";

import type { NodeOutcome } from "./queries";
import { spansOf } from "./spans";

function node(id: string, type: string, begun: string | null, ended: string | null): NodeOutcome {
  const at = (second: string | null) => second && `2026-01-31T08:00:${second}Z`;
  return {
    node_id: id, node_type: type, status: ended ? "succeeded" : "running", attempts: 1, repeated: false, input: null, output: null,
    outputs: {}, error: null, usage: null, details: {}, started_at: at(begun), finished_at: at(ended), duration_ms: null, items: null,
    failed_items: null,
  };
}

function shown(nodes: NodeOutcome[], now = Date.parse("2026-01-31T08:00:20Z")) {
  const byId = Object.fromEntries(nodes.map((each) => [each.node_id, each]));
  return spansOf({ status: "running", data: { workflow_data: null, nodes: byId } }, now);
}

describe("the timeline of an execution", () => {
  it("has the nodes in the order in which they began, as parts of the whole", () => {
    const { rows, total } = shown([node("never", "set", null, null), node("b", "set", "05", null), node("a", "set", "00", "10")]);
    expect(rows.map((each) => each.outcome.node_id)).toEqual(["a", "b", "never"]);
    expect(rows.map((each) => each.bar)).toEqual([{ begin: 0, length: 0.5 }, { begin: 0.25, length: 0.75 }, null]);
    expect(total).toBe(20_000);
  });

  it("tells waiting from work", () => {
    expect(shown([node("ask", "approval", "00", "10"), node("do", "set", "10", "11")]).rows.map((each) => each.isWait)).toEqual([true, false]);
  });

  it("is empty before anything began", () => {
    expect(shown([]).total).toBe(0);
    expect(shown([node("a", "set", null, null)]).rows[0]?.bar).toBeNull();
  });
});
