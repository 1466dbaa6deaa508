"""One node of n8n on its way: what it sees, and where what it becomes is put. Pure."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from athena.importers import foreign, texts
from athena.importers.n8n.expressions import Translated, translate
from athena.importers.n8n.graph import SourceNode
from athena.importers.n8n.shapes import Shape
from athena.importers.n8n.terms import Known
from athena.importers.report import READS_MISSING, Entry
from athena.importers.texts import Part, Untranslatable

if TYPE_CHECKING:
    from athena.importers.n8n.building import Building

LONGEST_NOTES: Final = 2_000
MOST_RETRIES: Final = 20


class Site:
    """Gives the converter of a node what it needs; also the scope of the node's expressions."""

    def __init__(self, building: Building, node: SourceNode, shape: Shape) -> None:
        self.building = building
        self.node = node
        self.shape = shape
        self.root = "input"
        self.port: str | None = None
        self._kept: list[str] = []
        self._added: list[str] = []

    # -- the node ---------------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry:
        """What the report says of it."""
        return self.node.entry

    @property
    def parameters(self) -> dict[str, Any]:
        """As they were configured."""
        return self.node.parameters

    def option(self, *path: str | int) -> Any:
        """A parameter. Of a resource locator it is the value."""
        found = foreign.at(self.parameters, *path)
        return foreign.at(found, "value") if foreign.flag(found, "__rl") else found

    def word(self, *path: str | int, default: str = "") -> str:
        """A parameter that is a constant text."""
        found = foreign.text({"value": self.option(*path)}, "value")
        return default if not found or found.startswith("=") else found

    # -- its expressions --------------------------------------------------------------------------------------------

    def current(self) -> Known:
        """``$json``."""
        self.misses(self.shape)
        return self.shape.known(self.root)

    def node_named(self, name: str) -> Known:
        """What another node gave."""
        shape, root = self.building.seen_from(self.node.name, name)
        self.misses(shape)
        return shape.known(root)

    def misses(self, shape: Shape) -> None:
        """Remarks that it reads what is not there yet."""
        if shape.lost:
            self.entry.remark(READS_MISSING.format(shape.lost))

    def variable(self, name: str, origin: str) -> str:
        """A variable of the workspace."""
        return self.building.collected.variable(name, f"{origin}.{name} of n8n.")

    def text(self, value: Any) -> str:
        """A text of the source, as it stands here."""
        return texts.written(self.parts(value))

    def parts(self, value: Any) -> list[Part]:
        """A text of the source in parts."""
        return self._translated(foreign.text({"value": value}, "value")).parts

    def expression(self, value: Any) -> str:
        """A value of the source as an expression; :class:`Untranslatable` where there is none."""
        if not isinstance(value, str):
            return texts.quoted_json(value)
        before = len(self._kept)
        found = self._translated(value)
        if len(self._kept) > before:
            raise Untranslatable(self._kept[before])
        return texts.as_expression(found.parts)

    def value(self, value: Any) -> Any:
        """Any value of the source, with the expressions in it."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(each) for each in cast("list[Any]", value)]
            case dict():
                return {key: self.value(each) for key, each in cast("dict[str, Any]", value).items()}
            case _:
                return value

    def json(self, value: Any) -> Any:
        """A text of the source that stands for JSON; where it is none, as a text."""
        if not isinstance(value, str):
            return self.value(value)
        parts = self.parts(value)
        match parts:
            case [texts.Cel(text=text)]:
                return texts.written([texts.Cel(texts.unwrapped(text))])
            case _:
                try:
                    return texts.as_json(parts)
                except ValueError:
                    self.entry.remark("The JSON in it is put together of pieces, and sent as text.")
                    return texts.written(parts)

    @contextmanager
    def each_item(self) -> Generator[None]:
        """Within, ``$json`` is an item of the list that the node works on."""
        before = self.shape, self.root
        self.shape, self.root = Shape(lost=self.shape.lost), "item"
        yield
        self.shape, self.root = before

    def items(self) -> str:
        """The list that comes in, as a whole."""
        return f"{{{{ {self.shape.as_list(self.root)} }}}}"

    def list_data(self) -> dict[str, Any]:
        """The field that names the list, where it is not simply what comes in."""
        return {} if self.shape.many and self.shape.is_plain else {"items": self.items()}

    def _translated(self, value: str) -> Translated:
        found = translate(value, _Names(self))
        for text in found.remarks:
            self.entry.remark(text)
        for text in found.kept:
            self.kept(text)
        return found

    def never(self, error: Untranslatable) -> None:
        """Says that a condition is missing."""
        self.entry.remark(f"A condition of it never holds until you write it: {error}.")

    def kept(self, text: str) -> None:
        """Keeps what cannot be translated, as text, with the node and in the report."""
        self._kept.append(text)

    # -- what it becomes --------------------------------------------------------------------------------------------

    def add(self, kind: str, data: Mapping[str, Any], **more: Any) -> str:
        """Adds the node that does its work."""
        name = more.pop("name", self.node.name)
        node_id = self.building.draft.add(
            self.entry, name, kind, dict(data), self.node.position, **self._settings(kind), **more
        )
        self._added.append(node_id)
        return node_id

    def done(self, node_id: str, *shapes: Shape, ports: tuple[str | None, ...] = (None,)) -> None:
        """Says where its outputs are, and what they give. Of ports beyond the shapes, the last one holds."""
        given = shapes or (Shape(),)
        self.building.enter(self.node.name, node_id)
        for number, port in enumerate(ports):
            self.building.leave(self.node.name, number, node_id, port, given[min(number, len(given) - 1)])
        if self.building.draft.nodes[node_id].get("on_error") == "branch":
            self.building.leave(self.node.name, len(ports), node_id, "error", Shape(names={"error": ".error"}))

    def placeholder(self, why: str) -> None:
        """Says that nothing does its work, and lets what comes in go on."""
        place = self.building.draft.placeholder(self.entry, self.node.name, self.node.position, why)
        self.entry.dropped(why, "A disabled node stands in its place, and passes on what comes in.")
        self._added.append(place)
        lost = Shape(many=self.shape.many, lost=self.node.name)
        self.done(place, lost)

    def close(self) -> None:
        """Puts what was kept as text on the node, and into the report."""
        if not self._kept:
            return
        for text in self._kept:
            self.entry.remark(f"Not translated, and kept as text: {text}.")
        for node_id in self._added[:1]:
            node = self.building.draft.nodes[node_id]
            notes = "\n".join(filter(None, (node.get("notes"), "Not translated:", *self._kept)))
            node["notes"] = notes[:LONGEST_NOTES]

    def _settings(self, kind: str) -> dict[str, Any]:
        """What all nodes have."""
        given, more = self.node.given, dict[str, Any]()
        if self.node.disabled:
            more["disabled"] = True
        if notes := foreign.text(given, "notes"):
            more["notes"] = notes[:LONGEST_NOTES]
        if kind.endswith("_trigger") or kind in {"note", "loop"}:
            return more
        if foreign.flag(given, "retryOnFail"):
            tries, pause = foreign.whole(given, "maxTries") or 3, foreign.whole(given, "waitBetweenTries")
            delay = 1_000 if pause is None else max(0, min(pause, 3_600_000))
            attempts = max(1, min(tries, MOST_RETRIES))
            more["retry"] = {"max_attempts": attempts, "delay_ms": delay, "backoff": "fixed"}
        match foreign.text(given, "onError") or ("continueRegularOutput" if given.get("continueOnFail") else ""):
            case "continueErrorOutput":
                more["on_error"] = "branch"
            case "continueRegularOutput":
                more["on_error"] = "continue"
                self.entry.remark("When it fails it goes on with null; in n8n it goes on with what came in.")
            case _:
                pass
        return more


class _Names:
    """A site as the scope of expressions."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def current(self) -> Known:
        return self._site.current()

    def node(self, name: str) -> Known:
        return self._site.node_named(name)

    def variable(self, name: str, origin: str) -> str:
        return self._site.variable(name, origin)
