"""Whatever graph is drawn, it is checked without an error of our own, and the checks are always the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from athena.node_types.registry import node_types
from athena.workflows.graph import compile_graph
from athena.workflows.graph_schemas import Edge, Node, WorkflowVariable
from athena.workflows.service import compiled

IDS = st.sampled_from(["a", "b", "c", "d", "start"])
KINDS = st.sampled_from(["set", "if", "merge", "loop", "manual_trigger", "switch", "nothing"])
TEXTS = st.sampled_from(
    ["x", "{{ input }}", "{{ nodes.a.output }}", "{{ item + index }}", "{{ variables.v }}", "{{ (", 3, None]
)
HANDLES = st.sampled_from([None, "output", "input", "item", "next", "done", "true", "error", "x"])
NODES = st.lists(
    st.builds(
        lambda node_id, kind, data, disabled, on_error: Node(
            id=node_id, type=kind, data=data, disabled=disabled, on_error=on_error
        ),
        IDS,
        KINDS,
        st.dictionaries(st.sampled_from(["fields", "items", "condition", "mode", "rules"]), TEXTS, max_size=2),
        st.booleans(),
        st.sampled_from(["fail", "branch"]),
    ),
    max_size=6,
)
EDGES = st.lists(
    st.builds(
        lambda source, target, out, into, condition: Edge(
            source=source, target=target, source_handle=out, target_handle=into, condition=condition
        ),
        IDS,
        IDS,
        HANDLES,
        HANDLES,
        st.sampled_from([None, "{{ input == 1 }}", "{{ ( }}"]),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(nodes=NODES, edges=EDGES)
def test_any_graph_is_checked(nodes: list[Node], edges: list[Edge]) -> None:
    variables = [WorkflowVariable(name="v")]
    graph, problems = compile_graph(nodes, edges, variables, node_types())
    assert sum(len(each) for each in graph.scopes.values()) == len(graph.nodes)
    for problem in problems:
        assert problem.message.endswith(".")
        assert problem.node_id is None or problem.node_id in {node.id for node in nodes}
    if not problems:
        # Each node comes after those that lead to it, but for the edges that lead back to a loop.
        for link in graph.links:
            leads_back = link.target_port == "next" and graph.nodes[link.target].type.type == "loop"
            assert leads_back or graph.nodes[link.source].place < graph.nodes[link.target].place
    stored: dict[str, Any] = {
        "nodes": [node.model_dump(mode="json") for node in nodes],
        "edges": [edge.model_dump(mode="json") for edge in edges],
        "variables": [variable.model_dump(mode="json") for variable in variables],
        "settings": {},
    }
    assert compiled(stored)[1] == problems
