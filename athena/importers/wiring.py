"""Flows whose nodes have a title, inputs and a place: what Flowise and Langflow have in common. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from athena.importers.collected import Collected
from athena.importers.draft import LONGEST_REMARK, Draft
from athena.importers.report import READS_MISSING, Entry
from athena.importers.rules import Rule
from athena.importers.texts import Cel, Part, Untranslatable

MAXIMUM_WAYS = 4_000


@dataclass(frozen=True, slots=True)
class Wire:
    """From an output to an input; ``output`` and ``input`` are called as the source has them."""

    source: str
    output: str
    target: str
    input: str = ""


@dataclass(slots=True)
class FlowNode:
    """A node of the source."""

    id: str
    type: str
    title: str
    inputs: dict[str, Any]
    position: tuple[float, float]
    entry: Entry
    given: dict[str, Any] = field(default_factory=dict[str, Any])
    parent: str = ""


@dataclass(slots=True)
class Flow:
    """Nodes and wires."""

    parts: dict[str, FlowNode] = field(default_factory=dict[str, FlowNode])
    wires: list[Wire] = field(default_factory=list[Wire])

    def into(self, part_id: str, name: str = "") -> list[Wire]:
        """The wires that lead to a node, or to one of its inputs."""
        return [wire for wire in self.wires if wire.target == part_id and name in {"", wire.input}]

    def in_order(self) -> list[FlowNode]:
        """The nodes, each after those that lead to it."""
        left = dict.fromkeys(self.parts, 0)
        onward: dict[str, list[str]] = {part_id: [] for part_id in self.parts}
        pairs = [(wire.source, wire.target) for wire in self.wires]
        pairs += [(part.parent, part.id) for part in self.parts.values() if part.parent]
        for source, target in pairs:
            left[target] += 1
            onward[source].append(target)
        ready = deque(part_id for part_id, count in left.items() if count == 0)
        waiting = deque(self.parts)
        done: dict[str, None] = {}
        while ready or waiting:
            part_id = ready.popleft() if ready else waiting.popleft()
            if part_id in done:
                continue
            done[part_id] = None
            for target in onward[part_id]:
                left[target] -= 1
                if left[target] == 0:
                    ready.append(target)
        return [self.parts[part_id] for part_id in done]


class Wiring:
    """The draft, and where each node of the source is in it."""

    def __init__(self, name: str, flow: Flow, collected: Collected) -> None:
        self.flow = flow
        self.collected = collected
        self.draft = Draft(name)
        self.start = ""
        self.all_run = False
        """Whether nodes to which nothing leads run all the same."""
        self._outputs: dict[tuple[str, str], str] = {}
        self._entrances: dict[str, str] = {}
        self._exits: dict[tuple[str, str], tuple[str, str | None]] = {}
        self._loops: list[tuple[Station, str]] = []
        self._lost: set[str] = set()
        self._reader: Entry | None = None

    def build(
        self, rules: Mapping[str, Rule[Callable[[Station], None]]], only: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The workflow's specification, of all nodes that nothing has become of so far, or of some of them."""
        for part in self.flow.in_order():
            if part.entry.became or part.entry.why or (only is not None and part.id not in only):
                continue
            station = Station(self, part)
            self._reader = part.entry
            rule = rules.get(part.type)
            try:
                if rule is None:
                    station.placeholder(f"There is no node for {part.type} here.")
                else:
                    rule.convert(station)
            except Untranslatable as error:
                station.placeholder(f"It cannot be translated: {error}.")
            station.close()
        for wire in self.flow.wires:
            self._link(wire)
        for station, node_id in self._loops:
            self._close_loop(station, node_id)
        if self.all_run and self.start:
            reached = {edge["target"] for edge in self.draft.edges}
            for node_id in self._entrances.values():
                if node_id not in reached:
                    self.draft.link(self.start, node_id)
        return self.draft.finish()

    def enter(self, part_id: str, node_id: str) -> None:
        """Where what comes to a node of the source is led."""
        self._entrances[part_id] = node_id

    def leave(self, part_id: str, output: str, node_id: str, port: str | None) -> None:
        """Where an output of the source is; the empty name stands for all others."""
        self._exits[part_id, output] = node_id, port

    def give(self, part_id: str, expression: str, output: str = "") -> None:
        """What an output gives, as an expression; the empty name stands for all others."""
        self._outputs[part_id, output] = expression

    def given(self, part_id: str, output: str = "") -> str:
        """What a node of the source gives; :class:`Untranslatable` where nothing is known of it."""
        found = self._outputs.get((part_id, output)) or self._outputs.get((part_id, ""))
        if found is None:
            part = self.flow.parts.get(part_id)
            raise Untranslatable(f"what {part.title if part else part_id} gives is not known here")
        if part_id in self._lost and self._reader is not None:
            self._reader.remark(READS_MISSING.format(self.flow.parts[part_id].title))
        return found

    def lose(self, part_id: str) -> None:
        """Says that a node gives nothing until something is put in its place."""
        self._lost.add(part_id)

    def open_loop(self, station: Station, node_id: str) -> None:
        """Has the ends of a loop's body led back to it, once they are there."""
        self._loops.append((station, node_id))

    def _link(self, wire: Wire) -> None:
        target = self._entrances.get(wire.target)
        source = self._exits.get((wire.source, wire.output)) or self._exits.get((wire.source, ""))
        if source and target and source[0] != target:
            self.draft.link(source[0], target, source[1])

    def _close_loop(self, station: Station, loop_id: str) -> None:
        body = {part.id for part in self.flow.parts.values() if part.parent == station.part.id}
        comes_from = {wire.target for wire in self.flow.wires if wire.source in body}
        goes_on = {wire.source for wire in self.flow.wires if wire.target in body}
        for part_id in self.flow.parts:
            if part_id in body and part_id in self._entrances:
                if part_id not in comes_from:
                    self.draft.link(loop_id, self._entrances[part_id], "item")
                if part_id not in goes_on:
                    for place in dict.fromkeys(place for key, place in self._exits.items() if key[0] == part_id):
                        self.draft.link(place[0], loop_id, place[1], "next")


class Station:
    """Gives the converter of a node what it needs."""

    def __init__(self, wiring: Wiring, part: FlowNode) -> None:
        self.wiring = wiring
        self.part = part
        self.inputs = part.inputs
        self._kept: list[str] = []
        self._added: list[str] = []

    @property
    def entry(self) -> Entry:
        """What the report says of it."""
        return self.part.entry

    @property
    def collected(self) -> Collected:
        """What the flow becomes, besides its workflow."""
        return self.wiring.collected

    def add(self, kind: str, data: Mapping[str, Any], **more: Any) -> str:
        """Adds the node that does its work."""
        name = more.pop("name", self.part.title)
        node_id = self.wiring.draft.add(self.entry, name, kind, dict(data), self.part.position, **more)
        self._added.append(node_id)
        return node_id

    def done(self, node_id: str, suffix: str = "", ports: Mapping[str, str | None] | None = None) -> None:
        """Says what leads from its output to its value, and where its outputs are."""
        self.wiring.enter(self.part.id, node_id)
        for output, port in (ports or {"": None}).items():
            self.wiring.leave(self.part.id, output, node_id, port)
        self.wiring.give(self.part.id, f"nodes.{node_id}.output{suffix}")

    def placeholder(self, why: str) -> None:
        """Says that nothing does its work, and lets what comes in go on."""
        node_id = self.wiring.draft.placeholder(self.entry, self.part.title, self.part.position, why)
        self.entry.dropped(why, "A disabled node stands in its place, and passes on what comes in.")
        self._added.append(node_id)
        self.wiring.enter(self.part.id, node_id)
        self.wiring.leave(self.part.id, "", node_id, None)
        self.wiring.give(self.part.id, f"nodes.{node_id}.output")
        self.wiring.lose(self.part.id)

    def translated(self, pieces: Sequence[str], read: Callable[[str], str], marks: tuple[str, str]) -> list[Part]:
        """Parts of a text of which every other piece is a name; ``marks`` stood around the names."""
        found: list[Part] = []
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                found += [piece] if piece else []
                continue
            try:
                found.append(Cel(read(piece.strip())))
            except Untranslatable as error:
                self._kept.append(f"{marks[0]}{piece}{marks[1]} ({error})")
                found.append(f"{marks[0]}{piece}{marks[1]}")
        return found

    def close(self) -> None:
        """Puts what was kept as text on the node, and into the report."""
        for text in self._kept:
            self.entry.remark(f"Not translated, and kept as text: {text}.")
        for node_id in self._added[:1] if self._kept else ():
            node = self.wiring.draft.nodes[node_id]
            notes = "\n".join(filter(None, (node.get("notes"), "Not translated:", *self._kept)))
            node["notes"] = notes[:LONGEST_REMARK]


def with_variables(parts: Sequence[Part]) -> tuple[str, dict[str, str]]:
    """A system prompt, in which an agent's node fills in what comes from expressions."""
    made: list[str] = []
    variables: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Cel):
            name = f"value_{len(variables) + 1}"
            variables[name] = f"{{{{ string({part.text}) }}}}"
            made.append(f"{{{{{name}}}}}")
        else:
            made.append(part)
    return "".join(made), variables


def categories(names: Sequence[str]) -> list[dict[str, str]]:
    """Categories of a text, by numbers, since others' names may be sentences."""
    return [{"name": f"case {number}", "description": name[:2_000]} for number, name in enumerate(names[:100])]


def said(messages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A conversation, as a node that asks a model has it."""
    system = "\n\n".join(text for role, text in messages if role in {"system", "developer"} and text.strip())
    others = [
        {"role": "assistant" if role == "assistant" else "user", "content": text}
        for role, text in messages
        if role not in {"system", "developer"} and text.strip()
    ]
    found: dict[str, Any] = {"system_prompt": system} if system else {}
    if not others or others[-1]["role"] != "user":
        others.append({"role": "user", "content": "Go on."})
    return {**found, "prompt": others[0]["content"]} if len(others) == 1 else {**found, "messages": others}
