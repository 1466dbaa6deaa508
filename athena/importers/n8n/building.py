"""A workflow of n8n as one of ours: node by node, each after those that lead to it. Pure."""

from __future__ import annotations

from typing import Any

from athena.importers.collected import Collected
from athena.importers.draft import Draft
from athena.importers.n8n import graph
from athena.importers.n8n.graph import Source, SourceNode, Way
from athena.importers.n8n.shapes import Shape
from athena.importers.n8n.site import Site
from athena.importers.report import Entry, Outcome
from athena.importers.texts import Untranslatable

EACH = "Runs for each item of the list, in a loop of its own."


class Building:
    """The draft, and where each output of the source is in it."""

    def __init__(self, source: Source, collected: Collected, timezone: str = "UTC") -> None:
        self.source = source
        self.timezone = timezone
        self.collected = collected
        self.draft = Draft(source.name)
        self._entrances: dict[str, tuple[str, str | None]] = {}
        self._exits: dict[tuple[str, int], tuple[str, str | None]] = {}
        self._shapes: dict[tuple[str, int], Shape] = {}
        self._normal: dict[tuple[str, int], str] = {}
        self._roots: dict[str, str] = {}
        self._backs: dict[str, tuple[str, str | None]] = {}
        self._mixed: set[str] = set()
        self._also: dict[str, list[str]] = {}

    # -- where things are -------------------------------------------------------------------------------------------

    def enter(self, name: str, node_id: str, port: str | None = None) -> None:
        """Where what comes to a node of the source is led."""
        self._entrances[name] = node_id, port

    def leave(self, name: str, output: int, node_id: str, port: str | None, shape: Shape) -> None:
        """Where an output of the source is."""
        self._exits[name, output] = node_id, port
        self._shapes[name, output] = shape
        self._roots.setdefault(name, f"nodes.{node_id}.output")

    def also(self, name: str, node_id: str) -> None:
        """Another node that leads where the first output of a node of the source leads."""
        self._also.setdefault(name, []).append(node_id)

    def come_back(self, name: str, node_id: str, port: str) -> None:
        """Where what comes out of a loop's body is led."""
        self._backs[name] = node_id, port

    def redirect(self, name: str, node_id: str) -> None:
        """By which node what it gave is known to others."""
        self._roots[name] = f"nodes.{node_id}.output"

    def shape_into(self, name: str) -> Shape:
        """What comes to a node; where that is of several shapes, all are brought into one."""
        ways = [way for way in self.source.into(name) if not self.source.leads_back(way)]
        shapes = [self._shapes[way.source, way.output] for way in ways if (way.source, way.output) in self._shapes]
        if not shapes:
            return Shape()
        if all(shape == shapes[0] for shape in shapes):
            return shapes[0]
        known = [shape for shape in shapes if not shape.lost]
        many = {shape.many for shape in known}
        if len(many) > 1:
            self.source.nodes[name].entry.remark("A list and a single value come to it by different ways.")
        self._mixed.add(name)
        return Shape(many=any(many), lost="" if known else shapes[0].lost)

    def shape_of(self, way: Way) -> Shape:
        """What goes along a way."""
        return self._shapes.get((way.source, way.output), Shape())

    def normalise(self, name: str) -> None:
        """Has everything that comes to a node brought into n8n's own form."""
        self._mixed.add(name)

    def seen_from(self, name: str, other: str) -> tuple[Shape, str]:
        """What a node of the source is to another one; :class:`Untranslatable` when it is not known there."""
        node = self.source.nodes.get(other)
        if node is None:
            raise Untranslatable(f"there is no node {other}")
        if name not in self.source.reach(other) or name == other:
            raise Untranslatable(f"{other} does not come before it")
        if node.type == "splitInBatches" and name in self.source.reach(other, graph.loop_output(node)):
            return Shape(), "item"
        if other not in self._roots:
            raise Untranslatable(f"what {other} gave is not known")
        first = min(number for found, number in self._shapes if found == other)
        return self._shapes[other, first], self._roots[other]

    def pass_by(self, name: str) -> bool:
        """Has what comes to a node go on beside it; whether that is possible, since it comes by one way."""
        ways = self.source.into(name)
        found = self._exits.get((ways[0].source, ways[0].output)) if len(ways) == 1 else None
        if found is None:
            return False
        self._exits[name, 0] = found
        self._shapes[name, 0] = self._shapes[ways[0].source, ways[0].output]
        self._roots[name] = self._roots[ways[0].source]
        return True

    # -- building ---------------------------------------------------------------------------------------------------

    def build(self, rules: Any) -> dict[str, Any]:
        """The workflow's specification."""
        for node in self.source.in_order():
            if not self.source.is_sub_node(node.name):
                self._convert(node, rules)
        for way in sorted(self.source.ways, key=lambda each: each.input):
            if way.kind == "main":
                self._link(way)
        for node in self.source.nodes.values():
            if self.source.is_sub_node(node.name) and not (node.entry.became or node.entry.why):
                node.entry.dropped("Nothing that was brought in uses it.")
        return self.draft.finish()

    def _convert(self, node: SourceNode, rules: Any) -> None:
        site = Site(self, node, self.shape_into(node.name))
        rule = rules.get(node.type)
        try:
            if rule is None and is_trigger(node):
                site.done(site.add("manual_trigger", {}), Shape(lost=node.name))
                node.entry.approximated("manual_trigger", unknown(node))
            elif rule is None:
                site.placeholder(unknown(node))
            elif site.shape.many and not rule.whole_list:
                self._in_a_loop(site, rule)
            else:
                rule.convert(site)
        except Untranslatable as error:
            site.placeholder(f"It cannot be translated: {error}.")
        site.close()

    def _in_a_loop(self, site: Site, rule: Any) -> None:
        """What n8n does for each item, a loop does here."""
        name, whole = site.node.name, site.shape
        site.shape = whole.single()
        try:
            rule.convert(site)
        finally:
            site.shape = whole
        loop = self.draft.identifier(f"each {name}")
        x, y = site.node.position
        data = {"items": f"{{{{ {whole.items(site.root)} }}}}"}
        self.draft.add(site.entry, f"{name}: each", "loop", data, (x - 140, y), id=loop)
        inner, _ = self._entrances[name]
        exits = {key: place for key, place in self._exits.items() if key[0] == name}
        shape = self._shapes.get((name, 0), Shape())
        self.draft.link(loop, inner, "item")
        if (name, 0) in exits:
            node_id, port = exits[name, 0]
            self.draft.link(node_id, loop, port, "next")
        for key in exits:
            del self._exits[key], self._shapes[key]
        if len(exits) > 1:
            site.entry.remark("Only its first output goes on.")
        self.enter(name, loop)
        after = Shape(".results", many=True, element=shape.prefix, names=shape.names, lost=shape.lost)
        self.leave(name, 0, loop, "done", after)
        self.redirect(name, loop)
        if site.entry.outcome is Outcome.MAPPED:
            site.entry.mapped(f"{site.entry.became}, in a loop", EACH)

    def _link(self, way: Way) -> None:
        target = self._entrances.get(way.target)
        back = self.source.leads_back(way)
        if back:
            target = self._backs.get(way.target, target)
        source = self._exits.get((way.source, way.output)) or self._missing(way)
        if source is None or target is None:
            return
        shape = self.shape_of(way)
        if (back or way.target in self._mixed) and not shape.is_plain and not shape.lost:
            source = self._normalised(way, source, shape), None
        self.draft.link(source[0], target[0], source[1], target[1])
        for node_id in self._also.get(way.source, ()):
            self.draft.link(node_id, target[0], None, target[1])

    def _missing(self, way: Way) -> tuple[str, str | None] | None:
        """Of an output that is not known: the first one, with a remark."""
        found = self._exits.get((way.source, 0))
        if found is not None:
            entry = self.source.nodes[way.source].entry
            entry.remark(
                f"Its output {way.output + 1} does not exist here: the way to {way.target} begins at the first."
            )
        return found

    def _normalised(self, way: Way, source: tuple[str, str | None], shape: Shape) -> str:
        """A node that gives what goes along a way in n8n's own form."""
        key = way.source, way.output
        if key not in self._normal:
            data = {"text": f"{{{{ to_json({shape.normal('input')}) }}}}", "parse_json": True}
            entry = Entry(way.source, "")
            x, y = self.source.nodes[way.source].position
            self._normal[key] = self.draft.add(entry, f"{way.source} items", "template", data, (x + 110, y + 60))
            self.draft.link(source[0], self._normal[key], source[1])
        return self._normal[key]


def is_trigger(node: SourceNode) -> bool:
    """Whether executions begin with it."""
    return node.type.endswith(("Trigger", "trigger"))


def unknown(node: SourceNode) -> str:
    """Why nothing becomes of a type that no rule is for."""
    if is_trigger(node):
        return f"Nothing here is started by {node.type}; have the service call a webhook, or use a schedule."
    return f"There is no node for {node.type} here; an HTTP request, or a tool of an MCP server, may do its work."
