"""Constant paths such as ``nodes.a.output.items[0].x``: resolved without more ado, and what an expression refers to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from athena.expressions import operators
from athena.expressions.budget import Budget
from athena.expressions.errors import Fault, Missing
from athena.expressions.syntax import TYPES, Call, Constant, Entries, Items, Macro, Name, Node, Select

Reference = tuple[str, ...]

_LOOKS = frozenset({"_[_]", "_[?_]", "_?._"})


class Path:
    """A root name and constant keys, with the position of each."""

    __slots__ = ("_keys", "_positions", "root")

    def __init__(self, root: Name, steps: list[tuple[int, str | int]]) -> None:
        self.root = root.name
        self._keys = tuple(key for _, key in steps)
        self._positions = (root.position, *(position for position, _ in steps))

    @property
    def position(self) -> int:
        """Of the root."""
        return self._positions[0]

    def resolve(self, scope: Mapping[str, Any]) -> Any:
        """The value, which belongs to ``scope``. Raises ``Fault`` as the operators do."""
        value: Any = scope.get(self.root, self)
        if value is self:
            raise Missing(f"{self.root!r} has no value here.", self._positions[0])
        for number, key in enumerate(self._keys):
            kind = value.__class__
            is_there = key in value if kind is dict else kind is list and type(key) is int and 0 <= key < len(value)
            if not is_there:
                raise self._fault(value, number)
            value = value[key]
        return value

    def _fault(self, value: Any, number: int) -> Fault:
        key = self._keys[number]
        if type(value) is dict:
            lacks = f"{self._written(number)} has no {str(key)[:100]!r}"
            return Missing(f"{lacks}. Where that may be, write default(…, …).", self._positions[number + 1])
        try:
            operators.field(value, key) if isinstance(key, str) else operators.index(Budget(), value, key)
        except Fault as fault:
            fault.at(self._positions[number + 1])
            return fault
        raise AssertionError("A path ends where its last part can be resolved.")

    def _written(self, count: int) -> str:
        return "".join((self.root, *(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self._keys[:count])))


def path_of(node: Node, bound: Collection[str]) -> Path | None:
    """The path that ``node`` is as a whole, or ``None``; what begins with a variable, one of ``bound``, is none."""
    steps: list[tuple[int, str | int]] = []
    while not isinstance(node, Name):
        look = None if _is_special(node) else _look(node)
        if look is None or not isinstance(look[1], Constant) or type(look[1].value) not in {str, int}:
            return None
        steps.append((node.position, look[1].value))
        node = look[0]
    is_type = not steps and node.name in TYPES
    return None if is_type or node.name in bound else Path(node, steps[::-1])


def references(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Each name that is no variable of a macro, with the keys behind it as far as they are constant texts."""
    operand, keys = node, list[Node]()
    while (look := _look(operand)) is not None:
        operand, key = look
        keys.append(key)
        yield from references(key, bound)
    if not isinstance(operand, Name):
        for child, names in _children(operand, bound):
            yield from references(child, names)
    elif operand.name not in bound and operand.name not in TYPES:
        yield (operand.name, *_leading_texts(keys[::-1]))


def _look(node: Node) -> tuple[Node, Node] | None:
    """What a part looks into, and by which key."""
    if isinstance(node, Select):
        return node.operand, Constant(node.position, node.field)
    if isinstance(node, Call) and node.function in _LOOKS:
        return node.arguments[0], node.arguments[1]
    return None


def _is_special(node: Node) -> bool:
    """Whether it does something else than ``a.b`` and ``a[b]`` do."""
    return node.test if isinstance(node, Select) else isinstance(node, Call) and node.function != "_[_]"


def _leading_texts(keys: list[Node]) -> Iterator[str]:
    for key in keys:
        if not isinstance(key, Constant) or type(key.value) is not str:
            return
        yield key.value


def _children(node: Node, bound: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
    match node:
        case Call():
            parts = node.arguments if node.target is None else (node.target, *node.arguments)
            yield from ((part, bound) for part in parts)
        case Items():
            yield from ((element, bound) for element in node.elements)
        case Entries():
            yield from ((part, bound) for key, value, _ in node.entries for part in (key, value))
        case Macro():
            yield node.source, bound
            inside = (node.body,) if node.condition is None else (node.condition, node.body)
            yield from ((part, bound | {node.variable}) for part in inside)
        case _:
            return
