"""A workflow or chatflow of Dify as it is exported: nodes, ways, and what stands within iterations. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from athena.importers import foreign
from athena.importers.report import Entry, Report
from athena.importers.source import MAXIMUM_NODES, ImportRefused

MAXIMUM_WAYS: Final = 4_000
STARTS: Final = frozenset({"iteration-start", "loop-start"})
ENDS: Final = frozenset({"loop-end"})


@dataclass(slots=True)
class SourceNode:
    """A node of the source."""

    id: str
    type: str
    title: str
    data: dict[str, Any]
    parent: str
    position: tuple[float, float]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Way:
    """From an output to a node."""

    source: str
    handle: str
    target: str


@dataclass(slots=True)
class Source:
    """The whole."""

    nodes: dict[str, SourceNode] = field(default_factory=dict[str, SourceNode])
    ways: list[Way] = field(default_factory=list[Way])

    def in_order(self) -> list[SourceNode]:
        """The nodes, each after those that lead to it, and after what it stands in."""
        left = dict.fromkeys(self.nodes, 0)
        onward: dict[str, list[str]] = {node_id: [] for node_id in self.nodes}
        pairs = [(way.source, way.target) for way in self.ways]
        pairs += [(node.parent, node.id) for node in self.nodes.values() if node.parent]
        # What follows a loop comes after what stands in it.
        pairs += [
            (node.id, way.target)
            for node in self.nodes.values()
            for way in self.ways
            if node.parent and way.source == node.parent and self.nodes[way.target].parent != node.parent
        ]
        for source, target in pairs:
            left[target] += 1
            onward[source].append(target)
        ready = deque(node_id for node_id, count in left.items() if count == 0)
        waiting = deque(self.nodes)
        done: dict[str, None] = {}
        while ready or waiting:
            node_id = ready.popleft() if ready else waiting.popleft()
            if node_id in done:
                continue
            done[node_id] = None
            for target in onward[node_id]:
                left[target] -= 1
                if left[target] == 0:
                    ready.append(target)
        return [self.nodes[node_id] for node_id in done]

    def within(self, parent: str) -> list[SourceNode]:
        """What stands in an iteration or a loop, without its begin and end."""
        kept = STARTS | ENDS
        return [node for node in self.nodes.values() if node.parent == parent and node.type not in kept]


def read(document: Any, report: Report) -> Source:
    """The graph; :class:`ImportRefused` when there is none."""
    rows = foreign.mappings(document, "workflow", "graph", "nodes")
    if not rows:
        raise ImportRefused("There are no nodes in it.")
    if len(rows) > MAXIMUM_NODES:
        raise ImportRefused(f"It has {len(rows)} nodes; {MAXIMUM_NODES} are the most.")
    source = Source()
    for row in rows:
        node = _node(row, report)
        if node.id in source.nodes:
            node.entry.dropped("Another node has the same id, and connections lead to that one.")
        else:
            source.nodes[node.id] = node
    for node in source.nodes.values():
        if node.parent not in source.nodes or node.parent == node.id or source.nodes[node.parent].parent:
            node.parent = ""
    edges = foreign.mappings(document, "workflow", "graph", "edges")
    if len(edges) > MAXIMUM_WAYS:
        raise ImportRefused(f"It has more than {MAXIMUM_WAYS} connections.")
    for edge in edges:
        ends = foreign.text(edge, "source"), foreign.text(edge, "target")
        if ends[0] in source.nodes and ends[1] in source.nodes:
            source.ways.append(Way(ends[0], foreign.text(edge, "sourceHandle") or "source", ends[1]))
    return source


def _node(row: dict[str, Any], report: Report) -> SourceNode:
    data = foreign.mapping(row, "data")
    outer = foreign.text(row, "type")
    kind = "note" if outer == "custom-note" else foreign.text(data, "type") or outer.removeprefix("custom-")
    title = foreign.text(data, "title") or kind
    entry = report.begin(title, kind or "node")
    place = foreign.mapping(row, "positionAbsolute") or foreign.mapping(row, "position")
    return SourceNode(
        id=foreign.text(row, "id") or entry.source,
        type=kind,
        title=title,
        data=data,
        parent=foreign.text(row, "parentId") or foreign.text(data, "iteration_id") or foreign.text(data, "loop_id"),
        position=(foreign.number(place, "x") or 0, foreign.number(place, "y") or 0),
        entry=entry,
    )
