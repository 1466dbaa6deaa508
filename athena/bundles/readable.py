"""YAML as bundles hold it: plain data alone, read with the line of each value, written so that people read it well."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

from athena.bundles.errors import BundleError

MAXIMUM_DEPTH: Final = 64
MAXIMUM_VALUES: Final = 50_000
"""Of one document. Each takes a few microseconds, and an archive can hold very many in few bytes."""
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,20}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BREAKS: Final = re.compile("[\r\x85\u2028\u2029]")
Place = tuple[str | int, ...]


class Document(NamedTuple):
    """A document's data, and the line, from 1, of each value in it by its place."""

    data: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of the value at ``place``, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load(text: str, path: str) -> Document:
    """Reads one document; :class:`BundleError` for what is no plain data: aliases, tags, keys given twice.

    Scalars are those of YAML 1.2's core: ``on``, ``12:30`` and ``2026-01-31`` are texts.
    """
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BundleError(f"This is no YAML: {error.problem}.", path, mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise BundleError(f"This is no YAML: {error}", path) from error
    return Document(builder.root, builder.lines)


def dump(data: Mapping[str, Any]) -> str:
    """Writes a document in block style; keys stay in their order."""
    return yaml.dump(dict(data), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=math.inf)


class _Open:
    """A mapping or a list that is not whole yet."""

    def __init__(self, value: dict[str, Any] | list[Any], place: Place) -> None:
        self.value = value
        self.place = place
        self.key: str | None = None


class _Builder:
    """Makes data of a parser's events, without recursion."""

    def __init__(self, path: str) -> None:
        self.root: Any = None
        self.lines: dict[Place, int] = {}
        self._path = path
        self._open: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._error("A file holds one document.", event)
            case yaml.AliasEvent():
                raise self._error("Aliases (*name) are not allowed.", event)
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._begin({}, event)
            case yaml.SequenceStartEvent():
                self._begin([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
            case _:
                return

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in {None, "!"}:
            raise self._error("Tags (!name) are not allowed.", event)
        if "\0" in event.value:
            raise self._error("Text must not contain the NUL character.", event)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if event.value in top.value:
                raise self._error(f"{event.value!r} is given twice.", event)
            top.key = event.value
            return
        plain = bool(event.implicit[0]) and not event.style
        self._add(self._plain(event) if plain else event.value, event)

    def _plain(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INTEGER.fullmatch(text):
            number = int(text)
            if not -(2**63) <= number < 2**64:
                raise self._error("This number is too large.", event)
            return number
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                raise self._error("This number is too large.", event)
            return number
        return text

    def _begin(self, value: dict[str, Any] | list[Any], event: yaml.CollectionStartEvent) -> None:
        if event.tag not in {None, "!"}:
            raise self._error("Tags (!name) are not allowed.", event)
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise self._error("A key must be a text.", event)
        if len(self._open) >= MAXIMUM_DEPTH:
            raise self._error(f"Values can be nested {MAXIMUM_DEPTH} deep.", event)
        place = self._add(value, event)
        self._open.append(_Open(value, place))

    def _add(self, value: Any, event: yaml.Event) -> Place:
        """Puts a value where it belongs; its place."""
        if len(self.lines) >= MAXIMUM_VALUES:
            raise self._error(f"A file has at most {MAXIMUM_VALUES:,} values.", event)
        if not self._open:
            place: Place = ()
            self.root = value
        else:
            top = self._open[-1]
            if isinstance(top.value, list):
                place = (*top.place, len(top.value))
                top.value.append(value)
            else:
                key, top.key = str(top.key), None
                place = (*top.place, key)
                top.value[key] = value
        self.lines[place] = _line(event)
        return place

    def _error(self, message: str, event: yaml.Event) -> BundleError:
        return BundleError(message, self._path, _line(event))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Dumper(yaml.SafeDumper):
    """Without aliases, lists indented, longer texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        return super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if _BREAKS.search(value):
        style = '"'
    elif "\n" in value:
        style = "|"
    elif _FLOAT.fullmatch(value) or _INTEGER.fullmatch(value):
        # Also such as 1e3, which YAML 1.1 takes for a text.
        style = "'"
    return dumper.represent_scalar(  # pyright: ignore[reportUnknownMemberType]
        "tag:yaml.org,2002:str", value, style=style
    )


_Dumper.add_representer(str, _text)
