"""A workflow of n8n as it is exported: nodes, and the ways between them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from athena.importers import foreign
from athena.importers.report import Entry, Report
from athena.importers.source import MAXIMUM_NODES, ImportRefused

WIDER: Final = 1.4
"""How much farther apart nodes stand here, where they are wider."""
PREFIXES: Final = ("n8n-nodes-base.", "@n8n/n8n-nodes-langchain.", "n8n-nodes-langchain.")
MAXIMUM_WAYS: Final = 4_000


@dataclass(slots=True)
class SourceNode:
    """A node of the source."""

    name: str
    type: str
    version: float
    parameters: dict[str, Any]
    position: tuple[float, float]
    disabled: bool
    credentials: dict[str, Any]
    given: dict[str, Any]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Way:
    """From an output to an input; ``kind`` is ``main``, or that of what a sub-node provides."""

    kind: str
    source: str
    output: int
    target: str
    input: int


@dataclass(slots=True)
class Source:
    """The whole."""

    name: str
    nodes: dict[str, SourceNode] = field(default_factory=dict[str, SourceNode])
    ways: list[Way] = field(default_factory=list[Way])
    _into: dict[str, list[Way]] = field(default_factory=dict[str, list[Way]])
    _out_of: dict[str, list[Way]] = field(default_factory=dict[str, list[Way]])
    _reached: dict[tuple[str, int | None], frozenset[str]] = field(
        default_factory=dict[tuple[str, int | None], frozenset[str]]
    )

    def add(self, way: Way) -> None:
        """Adds a way."""
        self.ways.append(way)
        self._into.setdefault(way.target, []).append(way)
        self._out_of.setdefault(way.source, []).append(way)

    def into(self, name: str) -> list[Way]:
        """The main ways that lead to a node, in the order of its inputs."""
        return sorted((way for way in self._into.get(name, ()) if way.kind == "main"), key=lambda way: way.input)

    def out_of(self, name: str) -> list[Way]:
        """The main ways that lead from a node."""
        return [way for way in self._out_of.get(name, ()) if way.kind == "main"]

    def provided(self, name: str) -> Mapping[str, list[SourceNode]]:
        """The sub-nodes of a node by what they provide."""
        found: dict[str, list[SourceNode]] = {}
        for way in self._into.get(name, ()):
            if way.kind != "main":
                found.setdefault(way.kind, []).append(self.nodes[way.source])
        return found

    def is_sub_node(self, name: str) -> bool:
        """Whether it only provides something to others."""
        return not self.into(name) and any(way.kind != "main" for way in self._out_of.get(name, ()))

    def in_order(self) -> list[SourceNode]:
        """The nodes, each after those that lead to it; where they go round in circles, as they are found."""
        left = dict.fromkeys(self.nodes, 0)
        onward: dict[str, list[str]] = {name: [] for name in self.nodes}
        for way in self.ways:
            if way.kind == "main" and way.target != way.source and not self.leads_back(way):
                left[way.target] += 1
                onward[way.source].append(way.target)
        ready = deque(name for name, count in left.items() if count == 0)
        waiting = deque(self.nodes)
        done: dict[str, None] = {}
        while ready or waiting:
            name = ready.popleft() if ready else waiting.popleft()
            if name in done:
                continue
            done[name] = None
            for target in onward[name]:
                left[target] -= 1
                if left[target] == 0:
                    ready.append(target)
        return [self.nodes[name] for name in done]

    def reach(self, name: str, output: int | None = None) -> frozenset[str]:
        """What can be reached from an output of a node, without going through the node again."""
        known = self._reached.get((name, output))
        if known is None:
            found: set[str] = set()
            left = [way.target for way in self.out_of(name) if output is None or way.output == output]
            while left:
                each = left.pop()
                if each not in found and each != name:
                    found.add(each)
                    left += [way.target for way in self.out_of(each)]
            known = self._reached[name, output] = frozenset(found)
        return known

    def leads_back(self, way: Way) -> bool:
        """Whether it comes out of the body of the loop that it leads to."""
        if self.nodes[way.target].type != "splitInBatches":
            return False
        return way.source in self.reach(way.target, loop_output(self.nodes[way.target]))


def loop_output(node: SourceNode) -> int:
    """The output of a loop that leads to its body."""
    return 1 if node.version >= 3 else 0  # noqa: PLR2004 - the version in which they changed places


def read(document: Any, report: Report, name: str = "") -> Source:
    """The workflow; :class:`ImportRefused` when there is none in it."""
    rows = foreign.mappings(document, "nodes")
    if not rows:
        raise ImportRefused("There are no nodes in it.")
    if len(rows) > MAXIMUM_NODES:
        raise ImportRefused(f"It has {len(rows)} nodes; {MAXIMUM_NODES} are the most.")
    source = Source(foreign.text(document, "name") or name or "n8n workflow")
    for row in rows:
        node = _node(row, report)
        if node.name in source.nodes:
            node.entry.dropped("Another node has the same name, and connections lead to that one.")
        else:
            source.nodes[node.name] = node
    for start, kinds in foreign.mapping(document, "connections").items():
        if start in source.nodes:
            _add_ways(source, start, foreign.mapping(kinds))
    return source


def _node(row: dict[str, Any], report: Report) -> SourceNode:
    kind = foreign.text(row, "type")
    for prefix in PREFIXES:
        kind = kind.removeprefix(prefix)
    entry = report.begin(foreign.text(row, "name"), kind or "node")
    return SourceNode(
        name=foreign.text(row, "name") or entry.source,
        type=kind,
        version=foreign.number(row, "typeVersion") or 1,
        parameters=foreign.mapping(row, "parameters"),
        position=(
            (foreign.number(row, "position", 0) or 0) * WIDER,
            (foreign.number(row, "position", 1) or 0) * WIDER,
        ),
        disabled=foreign.flag(row, "disabled"),
        credentials=foreign.mapping(row, "credentials"),
        given=row,
        entry=entry,
    )


def _add_ways(source: Source, name: str, kinds: Mapping[str, Any]) -> None:
    for kind, outputs in kinds.items():
        for output, targets in enumerate(foreign.items({"outputs": outputs}, "outputs")):
            for target in foreign.mappings({"targets": targets}, "targets"):
                to = foreign.text(target, "node")
                if to in source.nodes:
                    if len(source.ways) >= MAXIMUM_WAYS:
                        raise ImportRefused(f"It has more than {MAXIMUM_WAYS} connections.")
                    source.add(Way(kind, name, output, to, foreign.whole(target, "index") or 0))
