"""A workflow of Dify as one of ours: node by node, each after those that lead to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.collected import Collected
from athena.importers.dify.graph import ENDS, STARTS, Source, SourceNode
from athena.importers.draft import LONGEST_REMARK, Draft
from athena.importers.report import READS_MISSING, Entry
from athena.importers.rules import Rule
from athena.importers.texts import Cel, Part, Untranslatable, quoted

REFERENCE: Final = re.compile(r"\{\{#([^{}#\s][^{}#]*)#\}\}")
ANY: Final = "*"
WHOLE: Final[Mapping[str, str]] = {ANY: ""}
FIELDS: Final[Mapping[str, str]] = {ANY: "."}
SYSTEM: Final = {"workflow_run_id": "execution.uuid", "workflow_id": "workflow.uuid", "app_id": "workflow.uuid"}
PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Building:
    """The draft, and what each node of the source gives in it."""

    def __init__(self, name: str, source: Source, collected: Collected, *, chat: bool) -> None:
        self.source = source
        self.collected = collected
        self.draft = Draft(name)
        self.chat = chat
        self.environment: dict[str, str] = {}
        self._access: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._entrances: dict[str, str] = {}
        self._exits: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.start = ""
        self._loops: list[tuple[Site, str]] = []
        self._lost: set[str] = set()

    def build(self, rules: Mapping[str, Rule[Any]]) -> dict[str, Any]:
        """The workflow's specification."""
        for node in self.source.in_order():
            if node.type in STARTS | ENDS:
                node.entry.mapped("part of the loop around it")
                continue
            site = Site(self, node)
            rule = rules.get(node.type)
            try:
                if rule is None:
                    site.placeholder(f"There is no node for {node.type} here.")
                else:
                    rule.convert(site)
            except Untranslatable as error:
                site.placeholder(f"It cannot be translated: {error}.")
            site.close()
        for way in self.source.ways:
            self._link(way.source, way.handle, way.target)
        for site, node_id in self._loops:
            self._close_loop(site, node_id)
        return self.draft.finish()

    def open_loop(self, site: Site, node_id: str) -> None:
        """Has the ends of a loop's body led back to it, once they are there."""
        self._loops.append((site, node_id))

    def enter(self, source_id: str, node_id: str) -> None:
        """Where what comes to a node of the source is led."""
        self._entrances[source_id] = node_id

    def leave(self, source_id: str, handle: str, node_id: str, port: str | None) -> None:
        """Where an output of the source is."""
        self._exits[source_id, handle] = node_id, port

    def lose(self, source_id: str) -> None:
        """Says that a node gives nothing until something is put in its place."""
        self._lost.add(source_id)

    def give(self, source_id: str, root: str, access: Mapping[str, str]) -> None:
        """What expressions read a node's output by: for each variable of the source what leads to it."""
        self._access[source_id] = root, access

    def selected(self, selector: Sequence[str], site: Site) -> str:  # noqa: C901
        """The expression for a variable of the source; :class:`Untranslatable` where there is none."""
        if not selector:
            raise Untranslatable("a variable is not chosen")
        head, *path = selector
        match head:
            case "sys":
                return self._of_system(path)
            case "env" if path:
                return self.environment.get(path[0]) or self.collected.variable(path[0], f"env.{path[0]} of Dify.")
            case "conversation":
                raise Untranslatable("a workflow keeps no variables from one message to the next")
            case _:
                pass
        if head == site.node.parent and path[:1] in (["item"], ["index"]):
            return path[0] + _steps(path[1:])
        if head not in self._access:
            raise Untranslatable(f"what {self._title(head)} gives is not known here")
        root, access = self._access[head]
        if head in self._lost:
            site.entry.remark(READS_MISSING.format(self._title(head)))
        if not path:
            return root
        suffix = access.get(path[0])
        if suffix is None and ANY in access:
            suffix = access[ANY]
            suffix = suffix if suffix == "" else _steps(path[:1])
        if suffix is None:
            raise Untranslatable(f"{self._title(head)} gives no {path[0]} here")
        return f"{root}{suffix}{_steps(path[1:])}"

    def _close_loop(self, site: Site, loop_id: str) -> None:
        body = {node.id: node for node in self.source.within(site.node.id)}
        if not body:
            return
        goes_on = {way.source for way in self.source.ways if way.target in body}
        led_to = {way.target for way in self.source.ways if self.source.nodes[way.source].parent == site.node.id}
        for source_id in body:
            # Older files have no node for the begin.
            if source_id not in led_to and source_id in self._entrances:
                self.draft.link(loop_id, self._entrances[source_id], "item")
        selector = foreign.texts(site.data, "output_selector")
        try:
            of = self.selected(selector, Site(self, next(iter(body.values())))) if selector else "input"
        except Untranslatable as error:
            site.entry.remark(f"The result of an item is what its last node gives: {error}.")
            of = "input"
        text = f"{{{{ to_json(default({of}, null)) }}}}"
        x, y = site.node.position
        data = {"text": text, "parse_json": True}
        end = self.draft.add(site.entry, f"{site.node.title} result", "template", data, (x + 300, y + 60))
        for source_id in body:
            if source_id not in goes_on:
                for exit_ in dict.fromkeys(place for key, place in self._exits.items() if key[0] == source_id):
                    self.draft.link(exit_[0], end, exit_[1])
        self.draft.link(end, loop_id, None, "next")

    def _of_system(self, path: Sequence[str]) -> str:
        name = path[0] if path else ""
        if name == "query" and self.chat and self.start:
            return f"nodes.{self.start}.output.query"
        if name in SYSTEM:
            return SYSTEM[name]
        raise Untranslatable(f"sys.{name} is not known here")

    def _title(self, source_id: str) -> str:
        node = self.source.nodes.get(source_id)
        return node.title if node else source_id

    def _link(self, source_id: str, handle: str, target_id: str) -> None:
        source, target = self.source.nodes[source_id], self._entrances.get(target_id)
        if source.type in STARTS and source.parent:
            loop = self._exits.get((source.parent, "item"))
            if loop and target:
                self.draft.link(loop[0], target, loop[1])
            return
        found = self._exits.get((source_id, handle)) or self._exits.get((source_id, "source"))
        if found and target and target != found[0]:
            self.draft.link(found[0], target, found[1])


class Site:
    """Gives the converter of a node what it needs."""

    def __init__(self, building: Building, node: SourceNode) -> None:
        self.building = building
        self.node = node
        self.data = node.data
        self._kept: list[str] = []
        self._added: list[str] = []

    @property
    def entry(self) -> Entry:
        """What the report says of it."""
        return self.node.entry

    def parts(self, text: str) -> list[Part]:
        """A text of the source in parts."""
        found: list[Part] = []
        for number, piece in enumerate(REFERENCE.split(text)):
            if number % 2 == 0:
                found += [piece] if piece else []
                continue
            try:
                found.append(Cel(self.building.selected(piece.split("."), self)))
            except Untranslatable as error:
                self._kept.append(f"{{{{#{piece}#}}}} ({error})")
                found.append(f"{{{{#{piece}#}}}}")
        return found

    def text(self, *path: str | int) -> str:
        """A text of the node's configuration, as it stands here."""
        return texts.written(self.parts(foreign.text(self.data, *path)))

    def value(self, *path: str | int) -> str:
        """A variable that the configuration selects, as an expression."""
        return self.building.selected(foreign.texts(self.data, *path), self)

    def of_selector(self, given: Any) -> str:
        """A variable, as an expression."""
        return self.building.selected(foreign.texts({"given": given}, "given"), self)

    def expression(self, text: str) -> str:
        """A text as an expression."""
        return texts.as_expression(self.parts(text))

    def add(self, kind: str, data: Mapping[str, Any], **more: Any) -> str:
        """Adds the node that does its work."""
        name = more.pop("name", self.node.title)
        settings = _settings(self, kind)
        node_id = self.building.draft.add(self.entry, name, kind, dict(data), self.node.position, **settings, **more)
        self._added.append(node_id)
        return node_id

    def done(
        self, node_id: str, access: Mapping[str, str] = FIELDS, handles: Mapping[str, str | None] | None = None
    ) -> None:
        """Says what it gives, and where its outputs are."""
        self.building.enter(self.node.id, node_id)
        for handle, port in (handles or {"source": None}).items():
            self.building.leave(self.node.id, handle, node_id, port)
        self.building.leave(self.node.id, "success-branch", node_id, None)
        if self.building.draft.nodes[node_id].get("on_error") == "branch":
            self.building.leave(self.node.id, "fail-branch", node_id, "error")
        self.building.give(self.node.id, f"nodes.{node_id}.output", access)

    def placeholder(self, why: str) -> None:
        """Says that nothing does its work, and lets what comes in go on."""
        node_id = self.building.draft.placeholder(self.entry, self.node.title, self.node.position, why)
        self.entry.dropped(why, "A disabled node stands in its place, and passes on what comes in.")
        self._added.append(node_id)
        self.done(node_id)
        self.building.lose(self.node.id)

    def close(self) -> None:
        """Puts what was kept as text on the node, and into the report."""
        for text in self._kept:
            self.entry.remark(f"Not translated, and kept as text: {text}.")
        for node_id in self._added[:1] if self._kept else ():
            node = self.building.draft.nodes[node_id]
            notes = "\n".join(filter(None, (node.get("notes"), "Not translated:", *self._kept)))
            node["notes"] = notes[:LONGEST_REMARK]


def _settings(site: Site, kind: str) -> dict[str, Any]:
    data, more = site.data, dict[str, Any]()
    if notes := foreign.text(data, "desc"):
        more["notes"] = notes[:LONGEST_REMARK]
    if kind.endswith("_trigger") or kind == "loop":
        return more
    retry = foreign.mapping(data, "retry_config")
    if foreign.flag(retry, "retry_enabled") or foreign.flag(retry, "enabled"):
        tries, pause = foreign.whole(retry, "max_retries") or 1, foreign.whole(retry, "retry_interval") or 1_000
        attempts, delay = max(1, min(tries + 1, 20)), max(0, min(pause, 3_600_000))
        more["retry"] = {"max_attempts": attempts, "delay_ms": delay, "backoff": "fixed"}
    match foreign.text(data, "error_strategy"):
        case "fail-branch":
            more["on_error"] = "branch"
        case "default-value":
            more["on_error"] = "continue"
            rows = foreign.mappings(data, "default_value")
            more["default_output"] = {foreign.text(row, "key"): row.get("value") for row in rows}
            site.entry.remark("Its default values have the names that they had in Dify.")
        case _:
            pass
    return more


def _steps(path: Sequence[str]) -> str:
    return "".join(
        f".{step}" if PLAIN_NAME.fullmatch(step) and step not in texts.RESERVED else f"[{quoted(step)}]"
        for step in path
    )
