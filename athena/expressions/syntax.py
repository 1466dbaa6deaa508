"""An expression's syntax tree: CEL's protocol buffers (``cel.expr.ParsedExpr``), read into what the compiler needs.

CEL's parser turns macros into folds with an accumulator; they are told by its first value, and turned back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from athena.expressions.cel import parse as parsed

NAMESPACES = frozenset({"base64", "lists", "math", "optional", "strings"})
"""Of functions, as in ``math.abs(x)``."""
TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"})
"""Names that stand for types, as in ``type(x) == string``."""

Kind = Literal["all", "exists", "exists_one", "map", "bind"]


@dataclass(frozen=True, slots=True)
class Constant:
    """``value`` is null, bool, int, float, str or bytes."""

    position: int
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A root name, or the variable of a macro."""

    position: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``; with ``test`` it is ``has(operand.field)``."""

    position: int
    operand: Node
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)`` or ``target.function(arguments)``; operators have names such as ``_+_``."""

    position: int
    target: Node | None
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``optional`` holds the indices of those elements that stand behind a question mark."""

    position: int
    elements: tuple[Node, ...]
    optional: frozenset[int]


@dataclass(frozen=True, slots=True)
class Entries:
    """An object: each entry's key, value, and whether it stands behind a question mark."""

    position: int
    message: str
    entries: tuple[tuple[Node, Node, bool], ...]


@dataclass(frozen=True, slots=True)
class Macro:
    """``body`` for each ``variable`` of ``source``, if ``condition`` holds; ``source`` of ``bind`` is the one value."""

    position: int
    kind: Kind
    variable: str
    source: Node
    condition: Node | None
    body: Node


Node = Constant | Name | Select | Call | Items | Entries | Macro


def parse(expression: str) -> Node:
    """The syntax tree; positions count the expression's characters. Raises ``SyntaxFault``."""
    packed = _last(parsed(expression), 2)
    positions: dict[int, int] = {}
    for entry in _all(_last(packed, 3), 4):
        positions[_last(entry, 1, 0)] = _signed(_last(entry, 2, 0))
    return _Reader(positions).node(_last(packed, 2))


class _Reader:
    def __init__(self, positions: dict[int, int]) -> None:
        self._positions = positions

    def node(self, data: bytes) -> Node:  # noqa: PLR0911 - one for each kind of node
        at, kind, content = 0, 0, b""
        for number, value in _fields(data):
            if number == 2:  # noqa: PLR2004 - the fields of the message Expr
                at = self._positions.get(value, 0)
            else:
                kind, content = number, value
        match kind:
            case 3:
                return Constant(at, _constant(content))
            case 4:
                return Name(at, _text(content, 1))
            case 5:
                return Select(at, self.node(_last(content, 1)), _text(content, 2), bool(_last(content, 3, 0)))
            case 6:
                return self._call(at, content)
            case 7:
                elements = tuple(self.node(element) for element in _all(content, 1))
                return Items(at, elements, frozenset(_packed(_last(content, 2, b""))))
            case 8:
                entries = tuple(self._entry(entry) for entry in _all(content, 2))
                return Entries(at, _text(content, 1), entries)
            case _:
                return self._macro(at, content)

    def _call(self, at: int, content: bytes) -> Call:
        target: bytes | None = _last(content, 1, None)
        function = _text(content, 2)
        arguments = tuple(self.node(argument) for argument in _all(content, 3))
        called_on = None if target is None else self.node(target)
        if isinstance(called_on, Name) and called_on.name in NAMESPACES:
            return Call(at, None, f"{called_on.name}.{function}", arguments)
        return Call(at, called_on, function, arguments)

    def _entry(self, content: bytes) -> tuple[Node, Node, bool]:
        key: bytes | None = _last(content, 3, None)
        # Fields of a message have names in the place of keys; the compiler refuses the message itself.
        name = Constant(0, "") if key is None else self.node(key)
        return name, self.node(_last(content, 4)), bool(_last(content, 5, 0))

    def _macro(self, at: int, content: bytes) -> Macro:
        variable, source = _text(content, 1), self.node(_last(content, 2))
        first, step = self.node(_last(content, 4)), self.node(_last(content, 6))
        if variable == "#unused":
            return Macro(at, "bind", _text(content, 3), first, None, self.node(_last(content, 7)))
        if isinstance(first, Constant) and isinstance(step, Call):
            if isinstance(first.value, bool):
                # accumulator && body, or accumulator || body
                return Macro(at, "all" if first.value else "exists", variable, source, None, step.arguments[1])
            # body ? accumulator + 1 : accumulator
            return Macro(at, "exists_one", variable, source, None, step.arguments[0])
        return self._map(at, variable, source, step)

    @staticmethod
    def _map(at: int, variable: str, source: Node, step: Node) -> Macro:
        """From ``accumulator + [body]``, or ``condition ? accumulator + [body] : accumulator``."""
        condition = None
        if isinstance(step, Call) and step.function == "_?_:_":
            condition, step = step.arguments[0], step.arguments[1]
        if isinstance(step, Call) and isinstance(made := step.arguments[1], Items):
            return Macro(at, "map", variable, source, condition, made.elements[0])
        raise AssertionError("CEL's parser made a fold that none of its macros stands for.")


def _constant(content: bytes) -> Any:
    for number, value in _fields(content):
        match number:
            case 1:
                return None
            case 2:
                return bool(value)
            case 3:
                return _signed(value)
            case 6:
                return value.decode()
            case _:
                return value
    return None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field's number and its value: an int, a float, or bytes."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, form = tag >> 3, tag & 7
        if form == 0:
            value, at = _varint(data, at)
            yield number, value
        elif form == 1:
            yield number, struct.unpack_from("<d", data, at)[0]
            at += 8
        else:
            size, at = _varint(data, at)
            yield number, data[at : at + size]
            at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the bit that says that more follow
            return value, at
        shift += 7


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _all(data: bytes, wanted: int) -> Iterator[Any]:
    return (value for number, value in _fields(data) if number == wanted)


def _last(data: bytes, wanted: int, absent: Any = b"") -> Any:
    found = absent
    for value in _all(data, wanted):
        found = value
    return found


def _text(data: bytes, wanted: int) -> str:
    return _last(data, wanted).decode()
