"""CEL's extension for numbers, ``math.…``. What it declares for numbers with a point takes whole ones, too."""

from __future__ import annotations

import math
from typing import Any

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault
from athena.expressions.functions.signatures import ANY, NUMBER, WHOLE, Declarations
from athena.expressions.operators import whole

_declare = Declarations()

Number = int | float

_ALL_BITS = (1 << 64) - 1
_BITS = 64


@_declare("math.greatest", ANY, required=1, rest=True)
def _greatest(budget: Budget, *values: Any) -> Number:
    return max(_numbers(budget, values))


@_declare("math.least", ANY, required=1, rest=True)
def _least(budget: Budget, *values: Any) -> Number:
    return min(_numbers(budget, values))


@_declare("math.abs", NUMBER)
def _abs(_: Budget, value: Number) -> Number:
    return whole(abs(value)) if isinstance(value, int) else abs(value)


@_declare("math.sign", NUMBER)
def _sign(_: Budget, value: Number) -> Number:
    if math.isnan(value):
        return value
    return type(value)((value > 0) - (value < 0))


@_declare("math.ceil", NUMBER)
def _ceil(_: Budget, value: Number) -> Number:
    return float(math.ceil(value)) if _has_point(value) else value


@_declare("math.floor", NUMBER)
def _floor(_: Budget, value: Number) -> Number:
    return float(math.floor(value)) if _has_point(value) else value


@_declare("math.trunc", NUMBER)
def _trunc(_: Budget, value: Number) -> Number:
    return float(math.trunc(value)) if _has_point(value) else value


@_declare("math.round", NUMBER)
def _round(_: Budget, value: Number) -> Number:
    """Halves away from zero."""
    if not _has_point(value):
        return value
    down = math.floor(abs(value))
    return math.copysign(down + (abs(value) - down >= 0.5), value)  # noqa: PLR2004 - a half


@_declare("math.sqrt", NUMBER)
def _sqrt(_: Budget, value: Number) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


@_declare("math.isNaN", NUMBER)
def _is_nan(_: Budget, value: Number) -> bool:
    return math.isnan(value)


@_declare("math.isInf", NUMBER)
def _is_inf(_: Budget, value: Number) -> bool:
    return math.isinf(value)


@_declare("math.isFinite", NUMBER)
def _is_finite(_: Budget, value: Number) -> bool:
    return math.isfinite(value)


@_declare("math.bitAnd", WHOLE, WHOLE)
def _bit_and(_: Budget, left: int, right: int) -> int:
    return left & right


@_declare("math.bitOr", WHOLE, WHOLE)
def _bit_or(_: Budget, left: int, right: int) -> int:
    return left | right


@_declare("math.bitXor", WHOLE, WHOLE)
def _bit_xor(_: Budget, left: int, right: int) -> int:
    return left ^ right


@_declare("math.bitNot", WHOLE)
def _bit_not(_: Budget, value: int) -> int:
    return ~value


@_declare("math.bitShiftLeft", WHOLE, WHOLE)
def _shift_left(_: Budget, value: int, places: int) -> int:
    if _shifts(places) >= _BITS:
        return 0
    shifted = (value << places) & _ALL_BITS
    return shifted - (1 << _BITS) if shifted >> (_BITS - 1) else shifted


@_declare("math.bitShiftRight", WHOLE, WHOLE)
def _shift_right(_: Budget, value: int, places: int) -> int:
    return 0 if _shifts(places) >= _BITS else (value & _ALL_BITS) >> places if places else value


def _shifts(places: int) -> int:
    if places < 0:
        raise Fault("Bits are moved by 0 places or more.")
    return places


def _numbers(budget: Budget, values: tuple[Any, ...]) -> list[Number]:
    """The arguments, or the elements of the list that is the only one."""
    kind = values[0].__class__
    numbers: list[Any] = values[0] if len(values) == 1 and kind is list else [*values]
    budget.elements(len(numbers))
    if not numbers or any(type(number) is not int and type(number) is not float for number in numbers):
        raise Fault("math.greatest(…) and math.least(…) take numbers, or one list of them that is not empty.")
    return numbers


def _has_point(value: Number) -> bool:
    return isinstance(value, float) and math.isfinite(value)


FUNCTIONS = _declare.functions
