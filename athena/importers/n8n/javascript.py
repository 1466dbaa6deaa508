"""The part of JavaScript that stands in n8n's expressions, as a tree. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from athena.importers.texts import Untranslatable

LONGEST: Final = 4_000
MOST_TOKENS: Final = 300
DEEPEST: Final = 40
TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`)"
    r"|(?P<sign>===|!==|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.|[-+*/%<>!?:.,()\[\]{}]))",
    re.DOTALL,
)
ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": ""}
LEVELS: Final = (
    ("||", "??"),
    ("&&",),
    ("===", "!==", "==", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name by itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``of.key`` or ``of[key]``."""

    of: Tree
    key: Tree
    optional: bool


@dataclass(frozen=True, slots=True)
class Call:
    """``of(…)``."""

    of: Tree
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """``!x`` or ``-x``."""

    sign: str
    of: Tree


@dataclass(frozen=True, slots=True)
class Binary:
    """``left sign right``."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Choice:
    """``condition ? then : otherwise``."""

    condition: Tree
    then: Tree
    otherwise: Tree


@dataclass(frozen=True, slots=True)
class Array:
    """``[…]``."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """``{…}``."""

    pairs: tuple[tuple[str, Tree], ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """``name => body``."""

    name: str
    body: Tree


@dataclass(frozen=True, slots=True)
class Template:
    """A text with values in it."""

    parts: tuple[str | Tree, ...]


Tree: TypeAlias = "Literal | Name | Member | Call | Unary | Binary | Choice | Array | Object | Arrow | Template"


def parse(text: str) -> Tree:
    """The tree of one expression; :class:`Untranslatable` for all else that JavaScript has."""
    if len(text) > LONGEST:
        raise Untranslatable("it is too long")
    parser = _Parser(_tokens(text))
    tree = parser.expression()
    parser.expect_end()
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    text = text.strip().rstrip(";").rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise Untranslatable(f"of the characters {text[place : place + 10]!r} nothing is made")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
        if len(found) > MOST_TOKENS:
            raise Untranslatable("it is too long")
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def expression(self) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Untranslatable("it is nested too deeply")
        if (arrow := self._arrow()) is not None:
            found: Tree = arrow
        else:
            found = self._binary(0)
            if self._take("?"):
                then = self.expression()
                self._need(":")
                found = Choice(found, then, self.expression())
        self._depth -= 1
        return found

    def expect_end(self) -> None:
        if self._place < len(self._tokens):
            raise Untranslatable(f"{self._tokens[self._place][1]!r} stands where nothing is expected")

    def _arrow(self) -> Arrow | None:
        signs = [token[1] for token in self._tokens[self._place : self._place + 4]]
        kinds = [token[0] for token in self._tokens[self._place : self._place + 4]]
        if kinds[:1] == ["name"] and signs[1:2] == ["=>"]:
            self._place += 2
            name = signs[0]
        elif signs[:1] == ["("] and kinds[1:2] == ["name"] and signs[2:4] == [")", "=>"]:
            self._place += 4
            name = signs[1]
        else:
            return None
        return Arrow(name, self.expression())

    def _binary(self, level: int) -> Tree:
        if level == len(LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while (sign := self._peek()) in LEVELS[level] and self._kind() == "sign":
            self._place += 1
            left = Binary(sign, left, self._binary(level + 1))
        return left

    def _unary(self) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Untranslatable("it is nested too deeply")
        sign = self._peek()
        if self._kind() == "sign" and sign in {"!", "-"}:
            self._place += 1
            found: Tree = Unary(sign, self._unary())
        else:
            found = self._postfix()
        self._depth -= 1
        return found

    def _postfix(self) -> Tree:
        found = self._primary()
        while self._kind() == "sign":
            sign = self._peek()
            if sign in {".", "?."}:
                self._place += 1
                if sign == "?." and self._take("["):
                    found = Member(found, self._until("]"), optional=True)
                else:
                    found = Member(found, Literal(self._name()), optional=sign == "?.")
            elif sign == "[":
                self._place += 1
                found = Member(found, self._until("]"), optional=False)
            elif sign == "(":
                self._place += 1
                found = Call(found, tuple(self._list(")")))
            else:
                break
        return found

    def _until(self, sign: str) -> Tree:
        found = self.expression()
        self._need(sign)
        return found

    def _primary(self) -> Tree:
        kind, text = self._next()
        match kind:
            case "number":
                return Literal(float(text) if any(each in text for each in ".eE") else int(text))
            case "text":
                return _template(text[1:-1]) if text[0] == "`" else Literal(_unescaped(text[1:-1]))
            case "name":
                constants: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}
                return Literal(constants[text]) if text in constants else Name(text)
            case _ if text == "(":
                return self._until(")")
            case _ if text == "[":
                return Array(tuple(self._list("]")))
            case _ if text == "{":
                return Object(tuple(self._pairs()))
            case _:
                raise Untranslatable(f"{text!r} stands where a value is expected")

    def _pairs(self) -> list[tuple[str, Tree]]:
        pairs: list[tuple[str, Tree]] = []
        while not self._take("}"):
            kind, text = self._next()
            if kind == "sign":
                raise Untranslatable(f"{text!r} stands where a field's name is expected")
            name = _unescaped(text[1:-1]) if kind == "text" else text
            pairs.append((name, self.expression() if self._take(":") else Name(text)))
            if not self._take(",") and self._peek() != "}":
                raise Untranslatable("an object does not end")
        return pairs

    def _list(self, end: str) -> list[Tree]:
        found: list[Tree] = []
        while not self._take(end):
            found.append(self.expression())
            if not self._take(",") and self._peek() != end:
                raise Untranslatable(f"{end!r} is missing")
        return found

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise Untranslatable(f"{text!r} stands where a name is expected")
        return text

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise Untranslatable("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._place][0] if self._place < len(self._tokens) else ""

    def _take(self, sign: str) -> bool:
        if self._kind() == "sign" and self._peek() == sign:
            self._place += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise Untranslatable(f"{sign!r} is missing")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def _template(text: str) -> Template:
    parts: list[str | Tree] = []
    place = 0
    while (start := text.find("${", place)) >= 0:
        end = text.find("}", start)
        if end < 0:
            raise Untranslatable("a template does not end")
        parts += [_unescaped(text[place:start]), parse(text[start + 2 : end])]
        place = end + 1
    return Template((*parts, _unescaped(text[place:])))
