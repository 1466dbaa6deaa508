"""From a syntax tree to closures, which are called with a frame and give a value.

Athena evaluates by itself what CEL's own library only parses; why, stands in :mod:`athena.expressions.cel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from athena.expressions import control, macros, operators
from athena.expressions.errors import SyntaxFault
from athena.expressions.frame import Run
from athena.expressions.functions import FUNCTIONS
from athena.expressions.paths import path_of
from athena.expressions.syntax import Call, Constant, Entries, Items, Macro, Name, Node, Select

_FUNCTION = 5
_OPERATOR = 2
"""What a call takes, in steps; every other part of an expression takes one."""


class Compiler:
    """Compiles one expression, which may use ``names``. ``variables`` is how many a frame must have room for."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._bound: list[str] = []
        self.variables = 0

    def compile(self, node: Node) -> Run:  # noqa: PLR0911 - one for each kind of node
        """Raises ``SyntaxFault``, also for unknown names and functions."""
        if (path := path_of(node, self._bound)) is not None:
            if path.root not in self._names:
                raise SyntaxFault(f"There is no {path.root!r} here, but {_listed(self._names)}.", path.position)
            return control.path(path)
        match node:
            case Constant():
                return control.constant(node.value)
            case Name():
                return self._name(node)
            case Select():
                look = operators.has if node.test else operators.field
                return control.select(look, self.compile(node.operand), node.field, node.position)
            case Items():
                return control.items(self._all(node.elements), node.optional, node.position)
            case Entries():
                return self._entries(node)
            case Macro():
                return self._macro(node)
            case Call():
                return self._call(node)

    def _all(self, nodes: Iterable[Node]) -> list[Run]:
        return [self.compile(node) for node in nodes]

    def _name(self, node: Name) -> Run:
        for slot in range(len(self._bound) - 1, -1, -1):
            if self._bound[slot] == node.name:
                return control.variable(slot)
        return control.constant(node.name)

    def _entries(self, node: Entries) -> Run:
        if node.message:
            raise SyntaxFault("Objects have no type before them: write {'key': value}.", node.position)
        pairs = [(self.compile(key), self.compile(value), optional) for key, value, optional in node.entries]
        return control.entries(pairs, node.position)

    def _macro(self, node: Macro) -> Run:
        source = self.compile(node.source)
        slot = len(self._bound)
        self._bound.append(node.variable)
        self.variables = max(self.variables, slot + 1)
        condition = None if node.condition is None else self.compile(node.condition)
        body = self.compile(node.body)
        self._bound.pop()
        cost = _steps(node.body) + (0 if node.condition is None else _steps(node.condition))
        match node.kind:
            case "bind":
                return macros.bind(slot, source, body)
            case "map":
                return macros.mapped(slot, source, condition, body, cost, node.position)
            case "exists_one":
                return macros.exists_one(slot, source, body, cost, node.position)
            case "all" | "exists":
                decisive = node.kind == "exists"
                return macros.quantified(slot, source, body, cost, node.position, decisive=decisive)

    def _call(self, node: Call) -> Run:  # noqa: PLR0911 - one for each operator that is no function
        at, arguments = node.position, node.arguments
        if node.target is not None:
            return self._function(f".{node.function}", node, [node.target, *arguments])
        if (operator := operators.BINARY.get(node.function)) is not None:
            return control.binary(operator, self.compile(arguments[0]), self.compile(arguments[1]), at)
        match node.function, arguments:
            case "_||_" | "_&&_" as symbol, (left, right):
                return control.either(self.compile(left), self.compile(right), at, decisive=symbol == "_||_")
            case "_?_:_", (condition, then, otherwise):
                return control.conditional(self.compile(condition), self.compile(then), self.compile(otherwise), at)
            case "_?._", (operand, Constant(value=str() as field)):
                return control.select(operators.optional_field, self.compile(operand), field, at)
            case "!_", (operand,):
                return control.unary(operators.invert, self.compile(operand), at)
            case "-_", (operand,):
                return control.unary(operators.negate, self.compile(operand), at)
            case "default", (wanted, fallback):
                return control.default(self.compile(wanted), self.compile(fallback))
            case _:
                return self._function(node.function, node, arguments)

    def _function(self, name: str, node: Call, arguments: Sequence[Node]) -> Run:
        function = FUNCTIONS.get(name)
        if function is None:
            raise SyntaxFault(_unknown(name), node.position)
        if not function.accepts(len(arguments)):
            raise SyntaxFault(f"{name.removeprefix('.')}(…) is given too few or too many values.", node.position)
        return control.call(function, self._all(arguments), node.position)


def _steps(node: Node) -> int:
    """What one evaluation of ``node`` takes, besides what macros and functions pay for themselves."""
    own = 1
    match node:
        case Select():
            return own + _steps(node.operand)
        case Call():
            own = _OPERATOR if node.function in operators.BINARY else _FUNCTION
            return own + sum(map(_steps, node.arguments)) + (0 if node.target is None else _steps(node.target))
        case Items():
            return own + sum(map(_steps, node.elements))
        case Entries():
            return own + sum(_steps(key) + _steps(value) for key, value, _ in node.entries)
        case Macro():
            return own + _steps(node.source) + (_steps(node.body) if node.kind == "bind" else 0)
        case _:
            return own


def _unknown(name: str) -> str:
    plain = name.removeprefix(".")
    if plain == "default":
        return "default(…) takes a value and what stands in for it, as in default(trigger.body.name, 'nobody')."
    if name.startswith(".") and plain in FUNCTIONS:
        return f"{plain}(…) is called by itself, as in {plain}(x)."
    if f".{name}" in FUNCTIONS:
        return f"{name}(…) is called on a value, as in x.{name}(…)."
    return f"There is no function {plain[:100]!r}."


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) if names else "no name at all"
