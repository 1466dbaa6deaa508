import { describe, expect, it } from "vitest";

import type { Draft, Kind, Kinds } from "./graph";
import { inputFrom, inShort, listOf, pinnedOutputs, placeOf } from "./preview";

const port = (name: string) => ({ name, title: name, description: "" });
const kind = (type: string, flow: string, outputs: string[]) => ({ type, kind: flow, inputs: [port("input")], outputs: outputs.map(port) });
const KINDS = new Map([kind("set", "pure", ["output"]), kind("loop", "loop", ["done", "item"])].map((each) => [each.type, each as unknown as Kind])) as Kinds;
const node = (id: string, type = "set", more = {}) => ({ id, type, position: { x: 0, y: 0 }, data: {}, ...more });

const DRAFT = {
  nodes: [node("a", "set", { pinned_output: { total: 7 } }), node("each", "loop"), node("body"), node("after")],
  edges: [
    { source: "a", target: "each" },
    { source: "each", source_handle: "item", target: "body" },
    { source: "each", source_handle: "done", target: "after" },
  ],
} as unknown as Draft;
const at = (id: string) => DRAFT.nodes.find((each) => each.id === id)!;

describe("what an expression is shown with", () => {
  it("is what leads to the node, which a loop's item is not", () => {
    expect(["each", "body", "after", "a"].map((id) => inputFrom(DRAFT, KINDS, at(id)))).toEqual(["a", undefined, "each", undefined]);
  });

  it("is what is pinned", () => {
    expect(pinnedOutputs(DRAFT)).toEqual({ a: { total: 7 } });
  });

  it("is the first of the node's list where a field is for each item", () => {
    expect(listOf(node("n", "set", { data: { items: "{{ trigger.input }}" } }))).toBe("{{ trigger.input }}");
    expect(listOf(node("n"))).toBe("{{ input }}");
  });
});

describe("the value on one line", () => {
  it("is text as it is, anything else as JSON, and only so long", () => {
    expect(inShort("a")).toBe("a");
    expect(inShort([1, null])).toBe("[1,null]");
    expect(inShort("x".repeat(400), 10)).toBe(`${"x".repeat(10)}…`);
    expect(inShort({ truncated: true, size: 9, begin: {} })).toBe('{"truncated":true,"size":9,"begin":{}}');
    expect(inShort({ truncated: true, size: 9, begin: "[1,2" })).toBe("[1,2…");
  });

  it("finds the place that the server means also behind characters of two halves", () => {
    expect(placeOf("😀😀{{ x", 5)).toBe(7);
  });
});
