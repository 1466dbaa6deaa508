"""Whatever graph is drawn, it is checked without an error of our own, and what is stored is checked to the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from athena.node_types.registry import node_types
from athena.workflows.graph import compile_graph
from athena.workflows.graph_schemas import Edge, Node, WorkflowVariable
from athena.workflows.service import compiled

IDS = st.sampled_from(["a", "b", "c", "d", "start"])
TEXTS = st.sampled_from(["x", "{{ input }}", "{{ nodes.a.output }}", "{{ item + index }}", "{{ variables.v }}", "{{ ("])
HANDLES = st.sampled_from([None, "output", "input", "item", "next", "done", "true", "error", "x"])
NODES = st.builds(
    Node,
    id=IDS,
    type=st.sampled_from(["set", "if", "merge", "loop", "manual_trigger", "switch", "nothing"]),
    data=st.dictionaries(
        st.sampled_from(["fields", "items", "condition", "mode", "rules"]),
        st.one_of(TEXTS, st.none(), st.integers(), st.dictionaries(st.just("k"), TEXTS)),
        max_size=2,
    ),
    disabled=st.booleans(),
    on_error=st.sampled_from(["fail", "branch"]),
)
EDGES = st.builds(
    Edge,
    source=IDS,
    target=IDS,
    source_handle=HANDLES,
    target_handle=HANDLES,
    condition=st.sampled_from([None, "{{ input == 1 }}", "{{ ( }}"]),
)


@settings(max_examples=300, deadline=None)
@given(nodes=st.lists(NODES, max_size=6), edges=st.lists(EDGES, max_size=8))
def test_any_graph_is_checked(nodes: list[Node], edges: list[Edge]) -> None:
    variables = [WorkflowVariable(name="v")]
    graph, problems = compile_graph(nodes, edges, variables, node_types())
    assert sum(len(each) for each in graph.scopes.values()) == len(graph.nodes)
    names = {node.id for node in nodes}
    assert all(problem.message and problem.node_id in {None, *names} for problem in problems)
    codes = {problem.code for problem in problems}
    if len(names) == len(nodes):
        assert "duplicate_node" not in codes
        assert ("unknown_node_type" in codes) == any(node.type == "nothing" for node in nodes)
    stored: dict[str, Any] = {
        "nodes": [node.model_dump(mode="json") for node in nodes],
        "edges": [edge.model_dump(mode="json") for edge in edges],
        "variables": [variable.model_dump(mode="json") for variable in variables],
        "settings": {},
    }
    assert compiled(stored)[1] == problems
