"""A file of another product as JSON values, within limits. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, cast

import orjson
import yaml

from athena.importers import foreign
from athena.importers.kinds import Kind

MAXIMUM_BYTES: Final = 10_000_000
MAXIMUM_DEPTH: Final = 64
MAXIMUM_VALUES: Final = 300_000
MAXIMUM_NODES: Final = 400
"""Of one workflow, notes among them."""
LARGEST: Final = (1 << 63) - 1


class ImportRefused(Exception):
    """The source cannot be brought in. The message is for who gave it."""


def parse(content: bytes) -> Any:
    """The value that a file in JSON or YAML stands for; :class:`ImportRefused` says what is wrong with it."""
    if len(content) > MAXIMUM_BYTES:
        raise ImportRefused(f"The file has {len(content):,} bytes; {MAXIMUM_BYTES:,} are the most.")
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return _Plain().of(orjson.loads(content))
    except orjson.JSONDecodeError:
        if content.lstrip()[:1] in (b"{", b"["):
            raise ImportRefused("The file begins as JSON, and is none: it may have been cut off.") from None
    return _Plain().of(_yaml(content))


def _yaml(content: bytes) -> Any:
    try:
        text = content.decode()
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
            # An alias can stand for a text of any length.
            if isinstance(event, yaml.AliasEvent):
                raise ImportRefused("YAML with aliases is not taken.")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAXIMUM_DEPTH or count > 4 * MAXIMUM_VALUES:
                raise ImportRefused("The file is nested too deeply, or holds too much.")
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f": an error in line {mark.line + 1}" if mark is not None else ""
        raise ImportRefused(f"The file is neither JSON nor YAML{where}.") from error


class _Plain:
    """Makes JSON of what YAML may hold besides, and sees to the limits."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each type
        self._count += 1
        if depth > MAXIMUM_DEPTH:
            raise ImportRefused(f"The file is nested more than {MAXIMUM_DEPTH} deep.")
        if self._count > MAXIMUM_VALUES:
            raise ImportRefused(f"The file holds more than {MAXIMUM_VALUES:,} values.")
        match value:
            case dict():
                pairs = cast("dict[Any, Any]", value).items()
                return {_text(str(key)): self.of(each, depth + 1) for key, each in pairs}
            case list() | tuple() | set():
                return [self.of(each, depth + 1) for each in cast("Sequence[Any]", value)]
            case str():
                return _text(value)
            case bytes():
                return value.decode("utf-8", "replace")
            case date() | datetime():
                return value.isoformat()
            case float():
                return value if math.isfinite(value) else None
            case int() if not isinstance(value, bool) and abs(value) > LARGEST:
                return str(value) if value.bit_length() < LARGEST.bit_length() * 16 else None
            case _:
                return value


def _text(value: str) -> str:
    """Without what neither JSON nor the database takes."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value.encode("utf-8", "replace").decode()


def detect(document: Any) -> Kind:
    """Where a document comes from, by what it looks like; :class:`ImportRefused` when nobody's comes to mind."""
    if foreign.mapping(document, "app") and (
        foreign.text(document, "kind") == "app" or foreign.text(document, "app", "mode")
    ):
        return Kind.DIFY
    if _assistants(document):
        return Kind.ASSISTANTS
    if isinstance(document, list):
        document = foreign.at(document, 0)
    if foreign.items(document, "data", "nodes") or foreign.items(document, "flows", 0, "data", "nodes"):
        return Kind.LANGFLOW
    nodes = foreign.mappings(document, "nodes")
    if "connections" in foreign.mapping(document) or any("typeVersion" in node for node in nodes):
        return Kind.N8N
    if any(
        "inputParams" in foreign.mapping(node, "data") or "inputs" in foreign.mapping(node, "data") for node in nodes
    ):
        return Kind.FLOWISE
    if any(foreign.mapping(node, "data", "node") for node in nodes):
        return Kind.LANGFLOW
    raise ImportRefused(f"It does not look like a file of {', '.join(Kind)}. Say which it is.")


def _assistants(document: Any) -> bool:
    if foreign.text(document, "object") == "assistant" or foreign.mappings(document, "assistants"):
        return True
    rows = foreign.mappings(document, "data") or foreign.mappings(document)
    return bool(rows) and foreign.text(rows[0], "object") == "assistant"
