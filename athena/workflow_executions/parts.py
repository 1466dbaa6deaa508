"""Which part of a graph is run, when it is not all of it. Pure."""

from __future__ import annotations

from typing import Any

from athena.kit.errors import ValidationFailed
from athena.node_types.base import Trigger
from athena.workflows.graph import ITEM, Graph


def up_to(graph: Graph, node_id: str) -> frozenset[str]:
    """A node and what it depends on."""
    known(graph, node_id, "stop_after_node_id")
    return frozenset(graph.before(node_id))


def alone(graph: Graph, node_id: str) -> frozenset[str]:
    """A node by itself; of a loop, with its body."""
    known(graph, node_id, "only_node_id")
    node = graph.nodes[node_id]
    if isinstance(node.type, Trigger):
        raise ValidationFailed.of("only_node_id", f"{node_id} is a trigger, which gives what it is run with.")
    if node.loop is not None:
        raise ValidationFailed.of("only_node_id", f"{node_id} stands in the loop {node.loop}; run that.")
    return frozenset([node_id, *(name for name in graph.nodes if node_id in loops_around(graph, name))])


def loops_around(graph: Graph, node_id: str) -> list[str]:
    """The loops in whose bodies a node stands, the innermost first."""
    found: list[str] = []
    loop = graph.nodes[node_id].loop
    while loop is not None and loop not in found:
        found.append(loop)
        loop = graph.nodes[loop].loop
    return found


def after_in_pass(graph: Graph, node_id: str) -> set[str]:
    """A node and all that depend on it: of a loop around it what comes later in the same pass, and what comes after."""
    around = loops_around(graph, node_id)
    found = set(around)
    left = [node_id]
    for loop in around:
        left += [link.target for port, links in graph.nodes[loop].outgoing.items() if port != ITEM for link in links]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [link.target for links in graph.nodes[name].outgoing.values() for link in links]
    return found


def known(graph: Graph, node_id: str, field: str) -> None:
    """:class:`ValidationFailed` when there is no such node."""
    if node_id not in graph.nodes:
        raise ValidationFailed.of(field, f"The workflow has no node {node_id}.")


def check_names(graph: Graph, values: dict[str, Any], field: str) -> None:
    """As :func:`known`, for a mapping by nodes."""
    for node_id in values:
        known(graph, node_id, f"{field}.{node_id}")
