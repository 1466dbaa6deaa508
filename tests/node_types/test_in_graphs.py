"""Node types in whole graphs: their ports, their expressions, and what is said of what cannot work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from athena.expressions.budget import Budget
from athena.node_types.base import Call, NodeFailed
from athena.node_types.registry import node_types
from athena.workflow_executions.interpreter import EVALUATION_STEPS, Interpreter
from athena.workflow_executions.scope import CALL_STEPS
from athena.workflows.graph import Graph, compile_graph
from athena.workflows.graph_schemas import Edge, Node
from tests.node_types.calling import effect_call

START = Node(id="start", type="manual_trigger")


def compiled(node_type: str, data: Mapping[str, Any], *more: Node, edges: tuple[Edge, ...] = ()) -> tuple[Graph, Any]:
    """A graph in which a trigger leads to one node, and the problems: path, code and message of each."""
    nodes = [START, Node(id="node", type=node_type, data=dict(data)), *more]
    graph, problems = compile_graph(nodes, [Edge(source="start", target="node"), *edges], [], node_types())
    return graph, [(problem.path, problem.code, problem.message) for problem in problems]


def output(
    node_type: str, data: Mapping[str, Any], given: Any, port: str = "output", *, steps: int = CALL_STEPS
) -> Any:
    """What a node gives at a port, its expressions evaluated within so many steps."""
    graph, problems = compiled(node_type, data)
    assert problems == []
    budget = Budget(steps)
    names = {"input": given, "nodes": {"start": {"output": given}}, "trigger": {"input": given}}

    def evaluate(text: str, **more: Any) -> Any:
        return Interpreter.evaluate(text, names, more, budget)

    call = Call("node", given, {"input": [given]}, evaluate)
    kind: Any = graph.nodes["node"].type
    return kind.compute(graph.nodes["node"].configuration.fill(names), call).outputs[port]


def test_expressions_are_evaluated_for_each_item() -> None:
    orders = [{"id": 1, "total": 30}, {"id": 2, "total": 7}, {"id": 3, "total": 120}]
    given = {"orders": orders, "limit": 10}
    items = "{{ input.orders }}"
    kept = output("filter", {"items": items, "condition": "{{ item.total > input.limit }}"}, given)
    assert [order["id"] for order in kept] == [1, 3]
    by_total = {"items": items, "keys": [{"by": "{{ 0 - item.total }}"}]}
    assert [order["id"] for order in output("sort", by_total, given)] == [3, 1, 2]
    rows = {
        "items": items,
        "group_by": [{"name": "large", "by": "{{ item.total > 100 }}"}],
        "operations": [{"name": "sum", "operation": "sum", "of": "{{ item.total * (index + 1) }}"}],
    }
    assert output("aggregate", rows, given) == [{"large": False, "sum": 44}, {"large": True, "sum": 360}]


def test_all_items_of_a_call_share_what_expressions_may_take() -> None:
    heavy = {"condition": "{{ input.all(one, input.all(other, one + other + item >= 0)) }}"}
    assert output("filter", heavy, list(range(9)), steps=50_000) == list(range(9))
    with pytest.raises(NodeFailed, match="This takes too much computing") as caught:
        output("filter", heavy, list(range(30)), steps=50_000)
    assert caught.value.code == "expression_error"
    assert caught.value.message.startswith("Item ")


def test_many_small_evaluations_are_too_much_as_well() -> None:
    budget = Budget(3 * EVALUATION_STEPS + 2)
    for _ in range(3):
        assert Interpreter.evaluate("{{ item }}", {}, {"item": 7}, budget) == 7
    with pytest.raises(NodeFailed, match="This takes too much computing"):
        Interpreter.evaluate("{{ item }}", {}, {"item": 7}, budget)


def test_texts_are_filled_in() -> None:
    assert output("template", {"text": "{{ input }}"}, {"a": 1}) == '{"a":1}'
    assert output("template", {"text": '{"n": {{ input.a }}}', "parse_json": True}, {"a": 1}) == {"n": 1}
    assert output("limit", {"count": "{{ input.size() - 1 }}"}, [1, 2, 3]) == [1, 2]


def test_a_switch_has_an_edge_for_each_case() -> None:
    cases = [{"name": "large", "condition": "{{ input.total > 100 }}"}]
    after = (Node(id="a", type="merge"), Node(id="b", type="merge"))
    edges = (
        Edge(source="node", source_handle="large", target="a"),
        Edge(source="node", source_handle="default", target="b"),
    )
    assert compiled("switch", {"cases": cases}, *after, edges=edges)[1] == []
    assert output("switch", {"cases": cases}, {"total": 7}, "default") == {"total": 7}
    [(path, code, _), *_] = compiled("switch", {"cases": []}, *after, edges=edges)[1]
    assert (path, code) == ("data.cases", "invalid_configuration")


def test_a_note_is_no_unreachable_node() -> None:
    note = Node(id="note", type="note", data={"text": "{{ no expression"})
    assert compiled("merge", {}, note)[1] == []
    edge = Edge(source="node", target="note")
    [(_, code, message)] = compiled("merge", {}, note, edges=(edge,))[1]
    assert (code, message) == ("unknown_port", "The node note has no such port: none at all; it has: -.")


@pytest.mark.parametrize(
    ("node_type", "data", "path"),
    [
        ("filter", {"condition": "{{ item.total > }}"}, "data.condition"),
        ("sort", {"keys": [{"by": "{{ item. }}"}]}, "data.keys.0.by"),
        ("switch", {"cases": [{"name": "a", "condition": "{{ nothing }}"}]}, "data.cases.0.condition"),
        ("template", {"text": "Dear {{ input.name"}, "data.text"),
    ],
)
def test_an_expression_that_is_none_is_found_on_saving(node_type: str, data: dict[str, Any], path: str) -> None:
    [(where, code, _)] = compiled(node_type, data)[1]
    assert (where, code) == (path, "expression_error")


@pytest.mark.parametrize(
    ("node_type", "data", "path"),
    [
        ("limit", {"count": 1, "keep": "{{ input.keep }}"}, "data.keep"),
        ("switch", {"cases": "{{ input.cases }}"}, "data.cases"),
        ("sort", {"keys": "{{ input.keys }}"}, "data.keys"),
        ("aggregate", {"operations": [{"name": "n", "operation": "{{ input.how }}"}]}, "data.operations.0.operation"),
        ("wait", {"mode": "{{ input.mode }}", "duration": 1}, "data.mode"),
        ("limit", {"count": 1, "items": 5}, "data.items"),
        ("wait", {}, "data.duration"),
    ],
)
def test_what_must_be_known_on_saving_is_no_expression(node_type: str, data: dict[str, Any], path: str) -> None:
    [(where, code, _)] = compiled(node_type, data)[1]
    assert (where, code) == (path, "invalid_configuration")


async def test_a_moment_may_be_computed() -> None:
    graph, problems = compiled("wait", {"mode": "until", "until": "{{ input.due_at }}"})
    assert problems == []
    configuration = graph.nodes["node"].configuration
    kind: Any = graph.nodes["node"].type
    config = configuration.fill({"input": {"due_at": "2020-01-31T08:00:00Z"}})
    assert (await kind.begin(config, effect_call("input"), "node:node")).outputs == {"output": "input"}
