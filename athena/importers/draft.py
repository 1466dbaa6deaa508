"""A workflow in the making: what it holds in the end passes every check that saving an active one makes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from pydantic import ValidationError

from athena.bundles.format import reference
from athena.importers import texts
from athena.importers.report import Entry, Outcome
from athena.importers.source import MAXIMUM_NODES, ImportRefused
from athena.node_types.base import LoopNode, Trigger
from athena.node_types.registry import node_types
from athena.workflows.graph import compile_graph
from athena.workflows.graph_schemas import Edge, GraphProblem, Node, WorkflowVariable

Json = dict[str, Any]

ANY_UUID: Final = "01890000-0000-7000-8000-000000000000"
ROUNDS: Final = 30
LONGEST_NOTE: Final = 20_000
LONGEST_REMARK: Final = 2_000
EXPRESSION_PROBLEMS: Final = frozenset({"expression_error", "not_upstream", "unknown_node", "unknown_variable"})
TRIGGER: Final = "manual_trigger"


class Draft:
    """Nodes and edges, each node with the entry of the report that it comes from."""

    def __init__(self, name: str, description: str = "") -> None:
        self.name = texts.label(name, "Imported workflow")
        self.description = description[:2_000]
        self.nodes: dict[str, Json] = {}
        self.edges: list[Json] = []
        self.variables: list[Json] = []
        self._entries: dict[str, Entry] = {}

    def identifier(self, name: str) -> str:
        """An id that no node has yet, such as expressions can name."""
        base = made = texts.identifier(name, "node")
        number = 1
        while made in self.nodes:
            number += 1
            made = f"{base}_{number}"
        return made

    def add(
        self, entry: Entry, name: str, kind: str, data: Json, position: tuple[float, float] = (0, 0), **more: Any
    ) -> str:
        """Adds a node under an id made of its name, or under the ``id`` that is given."""
        node_id = more.pop("id", None) or self.identifier(name)
        place = {"x": _bounded(position[0]), "y": _bounded(position[1])}
        label = texts.label(name, "") if name else ""
        self.nodes[node_id] = {"id": node_id, "type": kind, "name": label, "position": place, "data": data, **more}
        self._entries[node_id] = entry
        return node_id

    def link(self, source: str, target: str, source_port: str | None = None, target_port: str | None = None) -> None:
        """Adds an edge, once."""
        edge: Json = {"source": source, "target": target}
        if source_port is not None:
            edge["source_handle"] = source_port
        if target_port is not None:
            edge["target_handle"] = target_port
        if edge not in self.edges:
            self.edges.append(edge)

    def note(self, entry: Entry, text: str, position: tuple[float, float] = (0, 0), name: str = "note") -> None:
        """Keeps a text of any length, on as many notes as it takes."""
        for start in range(0, max(len(text), 1), LONGEST_NOTE):
            piece = text[start : start + LONGEST_NOTE]
            self.add(entry, name, "note", {"text": piece}, (position[0], position[1] + 180))

    def placeholder(self, entry: Entry, name: str, position: tuple[float, float], why: str, **more: Any) -> str:
        """Stands for what cannot be kept: a node that is disabled, so that its input goes on."""
        notes = f"In place of {entry.kind}: {why}"[:LONGEST_REMARK]
        return self.add(entry, name, "set", {}, position, disabled=True, notes=notes, **more)

    def finish(self) -> Json:
        """The specification of the workflow; what does not pass the checks has been mended, and the report says so."""
        if len(self.nodes) > 2 * MAXIMUM_NODES:
            raise ImportRefused(f"The workflow {self.name} comes to more than {2 * MAXIMUM_NODES} nodes.")
        self._ensure_trigger()
        self._break_circles()
        for _ in range(ROUNDS):
            problems = [*self._malformed(), *self.problems()]
            if not problems:
                return self._spec()
            for problem in problems:
                self._mend(problem)
        raise ImportRefused(f"The workflow {self.name} cannot be brought into a valid form.")

    def problems(self) -> list[GraphProblem]:
        """What the checks find."""
        nodes = [Node.model_validate(resolved(node)) for node in self.nodes.values() if node["id"] not in self._broken]
        edges = [Edge.model_validate(edge) for edge in self.edges]
        variables = [WorkflowVariable.model_validate(each) for each in self.variables]
        return compile_graph(nodes, edges, variables, node_types())[1]

    def _spec(self) -> Json:
        found = {
            "name": self.name,
            "description": self.description,
            "status": "draft",
            "nodes": list(self.nodes.values()),
            "edges": self.edges,
        }
        return {**found, "variables": self.variables} if self.variables else found

    # -- what is always so ------------------------------------------------------------------------------------------

    def _ensure_trigger(self) -> None:
        kinds = node_types()
        if any(isinstance(kinds[node["type"]], Trigger) for node in self.nodes.values()):
            return
        reached = {edge["target"] for edge in self.edges}
        first = [node_id for node_id, node in self.nodes.items() if node_id not in reached and node["type"] != "note"]
        entry = Entry("start", "")
        trigger = self.add(entry, "start", TRIGGER, {}, (-280, 0))
        for node_id in first:
            self.link(trigger, node_id)

    def _break_circles(self) -> None:
        """Takes out the edges that close a circle outside of loops."""
        onward: dict[str, list[Json]] = {node_id: [] for node_id in self.nodes}
        for edge in self.edges:
            back = edge.get("target_handle") == "next" and self._is(edge["target"], LoopNode)
            if not back and edge["source"] in onward:
                onward[edge["source"]].append(edge)
        closing: list[Json] = []
        done: set[str] = set()
        for root in self.nodes:
            if root not in done:
                closing += _closing(root, onward, done)
        for edge in closing:
            self.edges.remove(edge)
            self._remark(
                edge["source"], f"It led back to {edge['target']}, which only a loop may do; that way is left out."
            )

    def _malformed(self) -> list[GraphProblem]:
        self._broken: set[str] = set()
        found: list[GraphProblem] = []
        for node_id, node in self.nodes.items():
            try:
                Node.model_validate(resolved(node))
            except ValidationError as error:
                self._broken.add(node_id)
                message = error.errors(include_url=False, include_input=False)[0]["msg"]
                found.append(GraphProblem(code="invalid_configuration", message=f"{message}.", node_id=node_id))
        return found

    # -- mending ----------------------------------------------------------------------------------------------------

    def _mend(self, problem: GraphProblem) -> None:
        if problem.edge_id is not None:
            self._unlink(problem)
            return
        node = self.nodes.get(problem.node_id or "")
        if node is None:
            return
        if problem.code == "unreachable_node":
            node["disabled"] = True
            self._remark(node["id"], "No trigger leads to it; it is kept, and disabled.")
        elif problem.code not in EXPRESSION_PROBLEMS or not self._as_text(node, problem):
            self._replace(node, problem.message)

    def _unlink(self, problem: GraphProblem) -> None:
        for edge in [each for each in self.edges if f"{each['source']}-{each['target']}" == problem.edge_id]:
            self.edges.remove(edge)
            known = edge["target"] if edge["target"] in self.nodes else edge["source"]
            text = f"The way from {edge['source']} to {edge['target']} is left out: {problem.message}"
            self._remark(known, text)

    def _as_text(self, node: Json, problem: GraphProblem) -> bool:
        """Whether an expression that cannot stay was turned into plain text."""
        field = (problem.path or "").split(".")[1:2]
        if not field or field[0] not in node["data"]:
            return False
        before = node["data"][field[0]]
        node["data"][field[0]] = after = _unmarked(before)
        if after == before:
            return False
        self._remark(node["id"], f"The expressions in {field[0]} stand there as text: {problem.message}")
        return True

    def _replace(self, node: Json, message: str) -> None:
        """Puts a node that does nothing in the place of one that cannot be kept."""
        is_trigger = self._is(node["id"], Trigger)
        entry = self._entries[node["id"]]
        notes = f"In place of {node['type']}: {message}"[:LONGEST_REMARK]
        kept = {name: node[name] for name in ("id", "name", "position")}
        put: Json = {"type": TRIGGER, "data": {}} if is_trigger else {"type": "set", "data": {}, "disabled": True}
        first = self._first_port(node)
        self.nodes[node["id"]] = {**kept, **put, "notes": notes}
        text = f"{'A manual trigger' if is_trigger else 'A disabled node'} stands in its place: {message}"
        if entry.outcome is Outcome.DROPPED:
            entry.remark(text)
        else:
            entry.dropped(text)
        for edge in list(self.edges):
            if edge["source"] == node["id"] and edge.pop("source_handle", first) != first:
                self.edges.remove(edge)
                self._remark(edge["target"], f"The way from {node['id']} to it is left out.")
            elif edge["target"] == node["id"]:
                edge.pop("target_handle", None)

    def _first_port(self, node: Json) -> str | None:
        kind = node_types()[node["type"]]
        ports = kind.output_ports(node["data"])
        return ports[0].name if ports else None

    def _is(self, node_id: str, kind: type[Any]) -> bool:
        node = self.nodes.get(node_id)
        return node is not None and isinstance(node_types()[node["type"]], kind)

    def _remark(self, node_id: str, text: str) -> None:
        entry = self._entries.get(node_id)
        if entry is not None:
            entry.remark(text)


def _closing(root: str, onward: Mapping[str, list[Json]], done: set[str]) -> list[Json]:
    """The edges by which a walk from the root comes back to where it is."""
    closing: list[Json] = []
    way: set[str] = {root}
    stack: list[tuple[str, Iterator[Json]]] = [(root, iter(onward[root]))]
    while stack:
        node_id, edges = stack[-1]
        edge = next(edges, None)
        if edge is None:
            stack.pop()
            way.discard(node_id)
            done.add(node_id)
        elif edge["target"] in way:
            closing.append(edge)
        elif edge["target"] in onward and edge["target"] not in done:
            way.add(edge["target"])
            stack.append((edge["target"], iter(onward[edge["target"]])))
    return closing


def resolved(value: Any) -> Any:
    """With a uuid in place of each reference to another resource."""
    match value:
        case dict():
            if reference(cast("object", value)) is not None:
                return ANY_UUID
            return {key: resolved(each) for key, each in cast("dict[str, Any]", value).items()}
        case list():
            return [resolved(each) for each in cast("list[Any]", value)]
        case _:
            return value


def _unmarked(value: Any) -> Any:
    """With expressions as plain text."""
    match value:
        case str():
            return texts.plain(value.replace("\\{{", "{{"))
        case list():
            return [_unmarked(each) for each in cast("list[Any]", value)]
        case dict():
            return {key: _unmarked(each) for key, each in cast("dict[str, Any]", value).items()}
        case _:
            return value


def _bounded(value: float) -> int:
    return round(max(-1e6, min(1e6, value))) if math.isfinite(value) else 0
