"""Values of n8n's expressions as expressions of ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from athena.importers.texts import RESERVED, Untranslatable, quoted

Type = Literal["any", "text", "number", "bool", "list", "object", "time"]
Role = Literal["value", "item", "items", "node", "input", "facts"]
PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Known:
    """What a node gives here, as an expression for what n8n calls its items' ``json``."""

    cel: str
    many: bool = False
    """Whether it is a list, an element for each item."""
    names: Mapping[str, str] | None = None
    """Where fields are called otherwise: their names there, and what leads to them here. ``None``: as they are."""


class Scope(Protocol):
    """What an expression of a node sees."""

    def current(self) -> Known:
        """``$json``."""
        ...

    def node(self, name: str) -> Known:
        """``$('name')``; :class:`Untranslatable` where it is not known."""
        ...

    def variable(self, name: str, origin: str) -> str:
        """The expression for ``$vars`` and ``$env``."""
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """A value, as an expression."""

    cel: str
    type: Type = "any"
    simple: bool = True
    """Whether operators may stand beside it without parentheses."""
    role: Role = "value"
    known: Known | None = None
    optional: bool = False
    names: Mapping[str, str] | None = None
    facts: Mapping[str, Term] = field(default_factory=dict[str, "Term"])

    @property
    def operand(self) -> str:
        """As it stands beside an operator."""
        if self.role != "value":
            raise Untranslatable("an item by itself is no value here; only its json is")
        if self.optional:
            return f"default({self.cel}, null)"
        return self.cel if self.simple else f"({self.cel})"

    @property
    def whole(self) -> str:
        """As it stands by itself."""
        return self.operand if self.optional or self.role != "value" else self.cel


def member(of: Term, key: str, *, optional: bool = False) -> Term:
    """``of.key``."""
    match of.role:
        case "facts":
            if key not in of.facts:
                raise Untranslatable(f"there is no {key} of it here")
            return of.facts[key]
        case "item":
            if key not in {"json", "data"}:
                raise Untranslatable(f"items have no {key} here")
            return _json(of)
        case "node" | "input":
            return _of_node(of, key)
        case "items" if key == "length":
            return Term(f"size({of.cel})", "number")
        case "items":
            raise Untranslatable("of a list of items only elements and methods are known")
        case "value":
            return _field(of, key, optional=optional)


def _field(of: Term, key: str, *, optional: bool) -> Term:
    if key == "length" and of.type in {"text", "list", "any"} and of.names is None:
        return Term(f"size({of.whole})", "number")
    if of.names is not None:
        if key not in of.names:
            raise Untranslatable(f"its output has no field {key} here")
        return Term(f"{of.cel}{of.names[key]}", optional=of.optional or optional)
    return Term(f"{_base(of)}{accessor(key)}", optional=of.optional or optional)


def _base(of: Term) -> str:
    return of.cel if of.simple else f"({of.cel})"


def accessor(key: str) -> str:
    """How a field is read."""
    return f".{key}" if PLAIN_NAME.fullmatch(key) and key not in RESERVED else f"[{quoted(key)}]"


def element(of: Term, index: Term) -> Term:
    """``of[index]``."""
    if of.role == "items":
        known = of.known
        return Term(f"{of.cel}[{index.whole}]", role="item", known=replace(known, many=False) if known else None)
    if of.role != "value" or of.names is not None:
        raise Untranslatable("of this only named fields are known")
    return Term(f"{_base(of)}[{index.whole}]", optional=of.optional)


def _json(of: Term) -> Term:
    names = of.known.names if of.known else None
    return Term(of.cel, names=names)


def _of_node(of: Term, key: str) -> Term:
    known = of.known
    if known is None:
        raise Untranslatable("nothing is known of it")
    if key in {"json", "data"} or key == "item":
        if known.many:
            raise Untranslatable("which of several items is meant depends on n8n's pairing of items")
        item = Term(known.cel, role="item", known=known)
        return item if key == "item" else _json(item)
    raise Untranslatable(f"{key} of a node is not known here")


def chosen(of: Term, method: str) -> Term:
    """``first()``, ``last()`` and ``all()`` of a node."""
    known = of.known
    if known is None:
        raise Untranslatable("nothing is known of it")
    if method == "all":
        cel = known.cel if known.many else f"[{known.cel}]"
        return Term(cel, "list", role="items", known=known)
    if not known.many:
        return Term(known.cel, role="item", known=known)
    place = "0" if method == "first" else f"size({known.cel}) - 1"
    return Term(f"{known.cel}[{place}]", role="item", known=replace(known, many=False))


def constants(values: Mapping[str, tuple[str, Type]]) -> Term:
    """A name of which only some fields are known."""
    facts = {name: Term(cel, kind) for name, (cel, kind) in values.items()}
    return Term("", role="facts", facts=facts)


def literal(value: Any) -> Term:
    """A constant."""
    match value:
        case None:
            return Term("null")
        case bool():
            return Term("true" if value else "false", "bool")
        case int() | float():
            return Term(repr(value), "number")
        case _:
            return Term(quoted(str(value)), "text")


def call(name: str, kind: Type, arguments: Sequence[Term]) -> Term:
    """``name(arguments)``."""
    return Term(f"{name}({', '.join(each.whole for each in arguments)})", kind)


def method(of: Term, name: str, kind: Type, arguments: Sequence[Term] = ()) -> Term:
    """``of.name(arguments)``."""
    return Term(f"{of.operand}.{name}({', '.join(each.whole for each in arguments)})", kind)
