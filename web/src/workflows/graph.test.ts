import { describe, expect, it } from "vitest";

import { advance, columnsOf, NOT_BEGUN } from "./execution";
import { completed, fitting, names, wordAt } from "./expressions";
import { arranged, placeBeside, shapeOf } from "./geometry";
import { begin, edgeKey, reduce, type Action, type Draft, type Editing, type GraphNode, type Kind, type Kinds } from "./graph";
import { before, following, outputsOf, refusal, type Wish } from "./ports";

const port = (name: string) => ({ name, title: name, description: "" });

function kind(type: string, more: Partial<Kind> = {}): Kind {
  return {
    type,
    name: type,
    description: "",
    category: "data",
    kind: "pure",
    inputs: [port("input")],
    outputs: [port("output")],
    dynamic_outputs: false,
    config_schema: {},
    output_schema: {},
    seconds: null,
    ...more,
  };
}

const KINDS: Kinds = new Map(
  [
    kind("start", { kind: "trigger", inputs: [] }),
    kind("set"),
    kind("switch", { dynamic_outputs: true, outputs: [port("default")], config_schema: { properties: { cases: {} } } }),
    kind("loop", { kind: "loop", inputs: [port("input"), port("next")], outputs: [port("done"), port("item")] }),
    kind("note", { inputs: [], outputs: [] }),
  ].map((each) => [each.type, each]),
);

const node = (id: string, type = "set", more: Partial<GraphNode> = {}): GraphNode => ({ id, type, position: { x: 0, y: 0 }, data: {}, ...more });
const edge = (source: string, target: string, source_handle = "output", target_handle = "input") => ({ source, target, source_handle, target_handle });
const wish = (source: string, target: string, sourcePort = "output", targetPort = "input"): Wish => ({ source, target, sourcePort, targetPort });

function draft(nodes: GraphNode[], edges: Draft["edges"] = []): Draft {
  return { name: "W", description: "", tags: [], nodes, edges, variables: [], settings: {} };
}

function after(first: Draft, ...actions: Action[]): Editing {
  return actions.reduce(reduce, begin(first));
}

const CHAIN = draft([node("s", "start"), node("a"), node("b")], [edge("s", "a"), edge("a", "b")]);

describe("the way back", () => {
  it("undoes and redoes each step", () => {
    const changed = after(CHAIN, { type: "add", node: node("c") }, { type: "remove", ids: new Set(["a"]) });
    expect(changed.present.edges).toEqual([]);
    const undone = reduce(changed, { type: "undo" });
    expect(undone.present.nodes.map((each) => each.id)).toEqual(["s", "a", "b", "c"]);
    const back = reduce(undone, { type: "undo" });
    expect(back.present).toBe(back.saved);
    expect(reduce(reduce(back, { type: "redo" }), { type: "redo" }).present).toEqual(changed.present);
    expect(reduce(back, { type: "undo" })).toBe(back);
  });

  it("takes one step for a drag, and one for what is typed into a field", () => {
    const move = (x: number): Action => ({ type: "move", positions: new Map([["a", { x, y: 0 }]]) });
    const type = (text: string): Action => ({ type: "change", id: "a", changes: { name: text } });
    const state = after(CHAIN, move(1), move(2), { type: "settle" }, move(3), { type: "settle" }, type("N"), type("Na"));
    expect(state.past).toHaveLength(3);
    expect(reduce(state, { type: "undo" }).present.nodes[1]?.position?.x).toBe(3);
  });

  it("forgets what was undone once something else is done", () => {
    const state = after(CHAIN, { type: "remove", ids: new Set(["b"]) }, { type: "undo" }, { type: "add", node: node("c") });
    expect(state.future).toEqual([]);
  });
});

describe("nodes and their names", () => {
  it("pastes copies under ids of their own, whose expressions name each other", () => {
    const a = node("a");
    const b = node("b", "set", { data: { text: 'nodes.a {{ nodes.a.output + nodes["a"].output + nodes.s.output }}' } });
    const state = after(CHAIN, { type: "paste", nodes: [a, b], edges: [edge("a", "b"), edge("s", "a")], by: { x: 40, y: 40 } });
    expect(state.present.nodes.slice(3).map((each) => each.id)).toEqual(["a_2", "b_2"]);
    expect(state.present.edges.slice(2)).toEqual([edge("a_2", "b_2")]);
    expect(state.present.nodes[4]?.data).toEqual({ text: "nodes.a {{ nodes.a_2.output + nodes.a_2.output + nodes.s.output }}" });
    expect([...state.selection]).toEqual(["a_2", "b_2"]);
    expect(state.present.nodes[3]?.position).toEqual({ x: 40, y: 40 });
  });

  it("has edges and expressions follow a node that is renamed", () => {
    const reads = draft([node("a"), node("b", "set", { data: { list: ["{{ nodes.a.output }}"] } })], [edge("a", "b")]);
    const { present } = after(reads, { type: "rename", id: "a", to: "total-sum" });
    expect(present.edges).toEqual([edge("total-sum", "b")]);
    expect(present.nodes[1]?.data).toEqual({ list: ['{{ nodes["total-sum"].output }}'] });
  });

  it("removes an edge alone by its key", () => {
    const { present } = after(CHAIN, { type: "remove", ids: new Set([edgeKey(edge("a", "b"))]) });
    expect(present.nodes).toHaveLength(3);
    expect(present.edges).toEqual([edge("s", "a")]);
  });
});

describe("what can be connected", () => {
  const looped = draft(
    [node("s", "start"), node("l", "loop"), node("a"), node("b"), node("out")],
    [edge("s", "l"), edge("l", "a", "item"), edge("a", "b"), edge("l", "out", "done")],
  );

  it.each([
    ["onward", CHAIN, wish("s", "b"), null],
    ["twice", CHAIN, wish("a", "b"), "twice"],
    ["to itself", CHAIN, wish("a", "a"), "itself"],
    ["in a circle", CHAIN, wish("b", "a"), "circle"],
    ["to a trigger", CHAIN, wish("b", "s"), "unknown"],
    ["from a port that is not there", CHAIN, wish("a", "b", "error"), "unknown"],
    ["from the body back into its loop", looped, wish("b", "l", "output", "next"), null],
    ["from outside back into a loop", looped, wish("out", "l", "output", "next"), "body"],
    ["from the body around its loop", looped, wish("b", "l"), "circle"],
  ] as const)("%s", (_name, graph, wanted, expected) => {
    expect(refusal(graph, KINDS, wanted)).toBe(expected);
  });

  it("knows the ports that a configuration adds", () => {
    const given = node("w", "switch", { data: { cases: [{ name: "x" }, { name: "x" }, { name: "" }] }, on_error: "branch" });
    expect(outputsOf(given, KINDS.get("switch")).map((each) => each.name)).toEqual(["x", "default", "error"]);
  });

  it("has a new node follow by the first port that leads nowhere yet", () => {
    const graph = draft([node("l", "loop"), node("a"), node("b")], [edge("l", "a", "done")]);
    expect(following(graph, KINDS, graph.nodes[0] as GraphNode, node("b"))).toEqual(edge("l", "b", "item"));
    expect(before("b", CHAIN.edges)).toEqual(["a", "s"]);
  });
});

describe("places", () => {
  it("puts nodes in order from left to right, and leaves notes where they are", () => {
    const places = arranged({ ...CHAIN, nodes: [...CHAIN.nodes, node("n", "note")] }, KINDS);
    const xs = ["s", "a", "b"].map((id) => places.get(id)?.x ?? 0);
    expect(xs).toEqual([...xs].sort((one, other) => one - other));
    expect(new Set(xs).size).toBe(3);
    expect(places.has("n")).toBe(false);
  });

  it("lets nothing stand on something else", () => {
    const place = placeBeside([node("a"), node("b", "set", { position: { x: 304, y: 0 } })], KINDS, undefined);
    expect(place.y).toBeGreaterThan(shapeOf(node("a"), KINDS).height);
  });
});

describe("executions", () => {
  const told = (id: number, type: string, data: Record<string, unknown> = {}) => ({ id, type, data });

  it("come to states by their events, however often they are told", () => {
    const events = [
      told(1, "run.started"),
      told(2, "node.started", { node_id: "a" }),
      told(3, "node.completed", { node_id: "a" }),
      told(4, "approval.required", { node_id: "b", until: null }),
    ];
    const waiting = [...events, ...events].reduce(advance, NOT_BEGUN);
    expect(waiting).toEqual({ lastEvent: 4, status: "waiting", nodes: { a: "succeeded", b: "waiting" } });
    expect(advance(waiting, told(5, "run.cancelled")).nodes).toEqual({ a: "succeeded", b: "cancelled" });
  });

  it("show lists of objects as tables", () => {
    expect(columnsOf([{ a: 1 }, { b: 2 }])).toEqual(["a", "b"]);
    expect(columnsOf([1, 2])).toBeNull();
    expect(columnsOf({ a: 1 })).toBeNull();
  });
});

describe("expressions", () => {
  const all = names({
    draft: CHAIN,
    node: node("b"),
    secrets: ["KEY"],
    variables: ["URL"],
    isInLoop: false,
    takesSecrets: false,
    outputs: { a: { total: 7, lines: [1] } },
    given: { input: { price: 3 }, trigger: { from: "shop" } },
  }).map((each) => each.text);

  it("offers what comes before the node, with the fields that are known, and no secrets where none may stand", () => {
    expect(all).toContain("nodes.a.output.total");
    expect(all).toEqual(expect.arrayContaining(["input.price", "trigger.input.from"]));
    expect(all).toContain("workspace.variables.URL");
    expect(all.some((text) => text.startsWith("secrets") || text.startsWith("nodes.b") || text === "item")).toBe(false);
  });

  it("completes the word before the caret, within braces alone", () => {
    expect(wordAt("Hello nod", 9)).toBeNull();
    expect(wordAt("{{ nodes.a }} nod", 17)).toBeNull();
    expect(wordAt("{{ 1 + nodes.a", 14)).toBe("nodes.a");
    expect(completed("{{ nod", 6, "nodes.a.output")).toEqual({ text: "{{ nodes.a.output }}", caret: 17 });
    expect(completed("{{ nod }}!", 6, "input").text).toBe("{{ input }}!");
    expect(fitting([{ text: "trigger", detail: "" }, { text: "nodes.trig", detail: "" }], "trig").map((each) => each.text)).toEqual(["trigger", "nodes.trig"]);
  });
});
