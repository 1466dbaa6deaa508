"""CEL's operators. Whole numbers have 64 bits and, unlike in CEL, mix with others: JSON does not tell them apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault, Missing
from athena.expressions.values import NOTHING, Optional, describe, equal

Operator = Callable[[Budget, Any, Any], Any]

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def whole(value: int) -> int:
    """``value``, when it has at most 64 bits. Raises ``Fault``."""
    if _SMALLEST <= value <= _LARGEST:
        return value
    raise Fault("The whole number is too large: it has more than 64 bits.")


def moment(value: datetime | timedelta | None) -> datetime | timedelta:
    """What ``_safely`` made of times. Raises ``Fault``."""
    if value is None:
        raise Fault("The time is outside of the years 1 to 9999.")
    return value


def add(budget: Budget, left: Any, right: Any) -> Any:
    """``left + right``: numbers, texts, bytes, lists, and times with durations."""
    kinds = _kinds(left, right)
    if kinds == (int, int):
        return whole(left + right)
    if _numbers(kinds):
        return left + right
    if kinds in {(str, str), (bytes, bytes)}:
        budget.text(len(left) + len(right))
        return left + right
    if kinds == (list, list):
        budget.elements(len(left) + len(right))
        return left + right
    if kinds in {(datetime, timedelta), (timedelta, datetime), (timedelta, timedelta)}:
        return moment(_safely(lambda: left + right))
    raise _mismatch("+", left, right)


def subtract(_: Budget, left: Any, right: Any) -> Any:
    """``left - right``: numbers and times."""
    kinds = _kinds(left, right)
    if kinds == (int, int):
        return whole(left - right)
    if _numbers(kinds):
        return left - right
    if kinds in {(datetime, datetime), (datetime, timedelta), (timedelta, timedelta)}:
        return moment(_safely(lambda: left - right))
    raise _mismatch("-", left, right)


def multiply(_: Budget, left: Any, right: Any) -> Any:
    """``left * right`` of numbers."""
    kinds = _kinds(left, right)
    if kinds == (int, int):
        return whole(left * right)
    if _numbers(kinds):
        return left * right
    raise _mismatch("*", left, right)


def divide(_: Budget, left: Any, right: Any) -> Any:
    """``left / right`` of numbers. Of whole ones, what is behind the point falls away."""
    kinds = _kinds(left, right)
    if kinds == (int, int):
        if right == 0:
            raise Fault("This divides by zero.")
        quotient = abs(left) // abs(right)
        return whole(quotient if (left < 0) == (right < 0) else -quotient)
    if not _numbers(kinds):
        raise _mismatch("/", left, right)
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def remainder(_: Budget, left: Any, right: Any) -> Any:
    """``left % right`` of whole numbers, with the sign of ``left``."""
    if _kinds(left, right) != (int, int):
        raise _mismatch("%", left, right)
    if right == 0:
        raise Fault("This divides by zero.")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def negate(value: Any) -> Any:
    """``-value`` of a number or a duration."""
    if type(value) is int:
        return whole(-value)
    if type(value) is float:
        return -value
    if type(value) is timedelta:
        return moment(_safely(lambda: -value))
    raise Fault(f"'-' takes a number, not {describe(value)}.")


def invert(value: Any) -> bool:
    """``!value`` of a truth value."""
    return not truth(value, "'!'")


def compare(symbol: str, decide: Callable[[Any, Any], bool]) -> Operator:
    """An ordering operator: of numbers, texts, bytes, truth values, and times."""

    def compared(budget: Budget, left: Any, right: Any) -> bool:
        kind, other = left.__class__, right.__class__
        if kind is not other and not _numbers((kind, other)):
            raise _mismatch(symbol, left, right)
        if kind is str or kind is bytes:
            budget.spend(min(len(left), len(right)) >> 6)
        elif kind not in _ORDERED:
            raise _mismatch(symbol, left, right)
        return decide(left, right)

    return compared


def contains(budget: Budget, value: Any, container: Any) -> bool:
    """``value in container``: an element of a list, or a key of an object."""
    kind = container.__class__
    if kind is list:
        budget.elements(len(container))
        return any(equal(budget, value, element) for element in container)
    if kind is dict:
        return key_of(value) in container
    hint = " Text has contains(…)." if kind is str else ""
    raise Fault(f"'in' looks into a list or an object, not into {describe(container)}.{hint}")


def index(budget: Budget, container: Any, key: Any) -> Any:
    """``container[key]``. Raises ``Missing``."""
    kind = container.__class__
    if kind is dict:
        try:
            return container[key_of(key)]
        except KeyError:
            raise Missing("The object has no such key.") from None
    if kind is list:
        place = key_of(key)
        if type(place) is not int:
            raise Fault("A list's elements have whole numbers, from 0.")
        if not 0 <= place < len(container):
            raise Missing(f"The list has no such element: it has {len(container)}, and the first is 0.")
        return container[place]
    if kind is Optional:
        return optional_index(budget, container, key)
    return _cannot_be_looked_into(container)


def field(container: Any, name: str) -> Any:
    """``container.name``. Raises ``Missing``."""
    kind = container.__class__
    if kind is dict:
        try:
            return container[name]
        except KeyError:
            raise Missing(f"There is no {name[:100]!r} here.") from None
    if kind is Optional:
        return optional_field(container, name)
    if kind is list:
        raise Fault(f"A list has no {name[:100]!r}: take an element, as in [0], or map(…) over them.")
    return _cannot_be_looked_into(container)


def optional_index(budget: Budget, container: Any, key: Any) -> Optional:
    """``container[?key]``."""
    if type(container) is Optional:
        return optional_index(budget, container.value, key) if container.present else NOTHING
    try:
        return Optional(index(budget, container, key))
    except Missing:
        return NOTHING


def optional_field(container: Any, name: str) -> Optional:
    """``container.?name``."""
    if type(container) is Optional:
        return optional_field(container.value, name) if container.present else NOTHING
    try:
        return Optional(field(container, name))
    except Missing:
        return NOTHING


def has(container: Any, name: str) -> bool:
    """``has(container.name)``."""
    if type(container) is dict:
        return name in container
    return optional_field(container, name).present


def key_of(value: Any) -> Any:
    """``value`` as a key: text or a whole number, also one that is written with a point. Raises ``Fault``."""
    if type(value) is str or type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise Fault(f"A key is text or a whole number, not {describe(value)}.")


def truth(value: Any, where: str) -> bool:
    """``value``, when it is true or false. Raises ``Fault``."""
    if value is True or value is False:
        return value
    raise Fault(f"{where} takes true or false, not {describe(value)}. Compare it, as in 'x != null' or 'size(x) > 0'.")


def _cannot_be_looked_into(value: Any) -> Any:
    if value is None:
        raise Missing("There is nothing inside of null.")
    raise Fault(f"There is nothing inside of {describe(value)}.")


def _kinds(left: object, right: object) -> tuple[object, object]:
    return type(left), type(right)


def _numbers(kinds: tuple[object, object]) -> bool:
    return kinds in _MIXED


def _safely(compute: Callable[[], Any]) -> datetime | timedelta | None:
    try:
        return compute()
    except OverflowError:
        return None


def _mismatch(symbol: str, left: Any, right: Any) -> Fault:
    message = f"'{symbol}' does not take {describe(left)} and {describe(right)}."
    kinds = set(_kinds(left, right))
    if symbol == "+" and str in kinds and kinds & {int, float, bool}:
        message += " To put them together as text, write string(…) around the other."
    elif str in kinds and kinds & {int, float}:
        message += " Text becomes a number by double(…)."
    return Fault(message)


_MIXED = {(int, int), (int, float), (float, int), (float, float)}
_ORDERED = frozenset({int, float, bool, datetime, timedelta})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BINARY: dict[str, Operator] = {
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": remainder,
    "_<_": compare("<", lambda left, right: left < right),
    "_<=_": compare("<=", lambda left, right: left <= right),
    "_>_": compare(">", lambda left, right: left > right),
    "_>=_": compare(">=", lambda left, right: left >= right),
    "_==_": equal,
    "_!=_": lambda budget, left, right: not equal(budget, left, right),
    "@in": contains,
    "_[_]": index,
    "_[?_]": optional_index,
}
"""By the parser's names."""
