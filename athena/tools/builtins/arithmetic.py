"""Arithmetic on exact fractions: read, computed within bounds, and written as decimals. Pure.

``sum := product (("+" | "-") product)*``, ``product := factor (("*" | "/") factor)*``, ``factor := ("-" | "+") factor |
power``, ``power := part ["^" factor]``, ``part := (number | name ["(" [sum ("," sum)*] ")"] | "(" sum ")") "%"*``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import Final

DIGITS: Final = 34
"""Of what is rounded, as in IEEE 754's widest decimals."""
SHOWN: Final = 60
"""Places after the point up to which a value is written exactly."""
LARGEST_BITS: Final = 12_000
MOST_PLACES: Final = 1_000
DEEPEST: Final = 50
PI: Final = "3.14159265358979323846264338327950288419716939937510582097494459"

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|(?P<name>[A-Za-z]\w*)|(?P<sign>\*\*|\S))"
)
_SIGNS: Final = str.maketrans("\u00d7\u00f7\u2212\u00b7", "*/-*")
"""As they are printed: times, divided by, minus, and a dot for times."""
_CONTEXT: Final = Context(prec=DIGITS + 16, Emax=9_999, Emin=-9_999)

_SHOWN: Final = Context(prec=DIGITS, Emax=99_999, Emin=-99_999)


class CannotCompute(Exception):
    """Why there is no value; text for who wrote the expression."""


@dataclass(frozen=True, slots=True)
class Number:
    """A value, and whether it is exact."""

    value: Fraction
    exact: bool = True


def computed(expression: str) -> tuple[str, bool]:
    """The value of an expression as decimal digits, and whether that is exact; :class:`CannotCompute` without one."""
    parser = _Parser(expression.translate(_SIGNS))
    number = parser.sum(0)
    parser.end()
    return _written(number)


class _Parser:
    """Reads an expression from left to right, and computes as it goes."""

    def __init__(self, text: str) -> None:
        self._tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup]
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unexpected()

    def sum(self, depth: int) -> Number:
        left = self._product(depth)
        while (sign := self._take("+", "-")) is not None:
            right = self._product(depth)
            value = left.value + right.value if sign == "+" else left.value - right.value
            left = _number(value, left, right)
        return left

    def _product(self, depth: int) -> Number:
        left = self._factor(depth)
        while (sign := self._take("*", "/")) is not None:
            right = self._factor(depth)
            if sign == "*":
                left = _number(left.value * right.value, left, right)
            else:
                left = _number(_divided(left.value, right.value), left, right)
        return left

    def _factor(self, depth: int) -> Number:
        if depth > DEEPEST:
            raise CannotCompute("The expression is nested too deeply.")
        sign = self._take("-", "+")
        if sign is None:
            return self._power(depth)
        value = self._factor(depth + 1)
        return Number(-value.value, value.exact) if sign == "-" else value

    def _power(self, depth: int) -> Number:
        base = self._part(depth)
        if self._take("^", "**") is None:
            return base
        return _power(base, self._factor(depth + 1))

    def _part(self, depth: int) -> Number:
        token = self._next()
        if token["number"]:
            number = Number(_bounded(_literal(token["number"])))
        elif token["name"]:
            number = self._named(token["name"].lower(), depth)
        elif token["sign"] == "(":
            number = self.sum(depth + 1)
            self._expect(")")
        else:
            self._at -= 1
            raise self._unexpected()
        while self._take("%") is not None:
            if self._at < len(self._tokens) and (self._tokens[self._at]["number"] or self._tokens[self._at]["name"]):
                raise CannotCompute("% is percent; write mod(a, b) for a remainder.")
            number = Number(number.value / 100, number.exact)
        return number

    def _named(self, name: str, depth: int) -> Number:
        if name in _CONSTANTS:
            return Number(Fraction(_CONSTANTS[name]), exact=False)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise CannotCompute(f"There is no {name[:40]!r}; known: {', '.join(sorted((*_FUNCTIONS, *_CONSTANTS)))}.")
        self._expect("(")
        given = [self.sum(depth + 1)]
        while self._take(",") is not None:
            given.append(self.sum(depth + 1))
        self._expect(")")
        if not function.least <= len(given) <= function.most:
            raise CannotCompute(f"{name}(…) is given too few or too many values.")
        return function.compute(given)

    def _next(self) -> re.Match[str]:
        if self._at == len(self._tokens):
            raise CannotCompute("The expression ends where a value is missing.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *signs: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at]["sign"] in signs:
            self._at += 1
            return self._tokens[self._at - 1]["sign"]
        return None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            if self._at == len(self._tokens):
                raise CannotCompute(f"A {sign!r} is missing at the end.")
            raise self._unexpected()

    def _unexpected(self) -> CannotCompute:
        token = self._tokens[self._at]
        text = token[0].strip()
        hint = " Thousands have no mark, and decimals a point." if text == "," else ""
        return CannotCompute(f"{text[:40]!r} does not belong at position {token.start()}.{hint}")


def _literal(text: str) -> Fraction:
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent[:8])) > MOST_PLACES:
        raise CannotCompute("A number is too large or too small to be computed with.")
    return Fraction(text)


def _number(value: Fraction, *of: Number) -> Number:
    return Number(_bounded(value), all(each.exact for each in of))


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise CannotCompute("A number becomes too large or too small to be computed with.")
    return value


def _divided(value: Fraction, by: Fraction) -> Fraction:
    if not by:
        raise CannotCompute("This divides by zero.")
    return value / by


def _power(base: Number, exponent: Number) -> Number:
    if exponent.value.denominator == 1:
        if not base.value and exponent.value < 0:
            raise CannotCompute("This divides by zero.")
        size = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
        # One stays one, however often it is multiplied.
        if abs(base.value) != 1 and base.value and size * abs(exponent.value.numerator) > LARGEST_BITS * 2:
            raise CannotCompute("A number becomes too large or too small to be computed with.")
        power = int(exponent.value) if abs(base.value) != 1 else int(exponent.value) % 2
        return _number(base.value**power, base, exponent)
    if exponent.value == Fraction(1, 2):
        return _root([base])
    if base.value <= 0:
        raise CannotCompute("A broken power has a value for numbers above zero alone.")
    return _rounded(lambda: _CONTEXT.power(_decimal(base.value), _decimal(exponent.value)))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _rounded(compute: Callable[[], Decimal]) -> Number:
    """What decimals with many digits give; it is not exact."""
    try:
        found = compute()
    except DecimalException as error:
        raise CannotCompute("A number becomes too large or too small to be computed with.") from error
    if not found.is_finite():
        raise CannotCompute("This has no value.")
    return Number(_bounded(Fraction(found)), exact=False)


def _root(given: Sequence[Number]) -> Number:
    value = given[0].value
    if value < 0:
        raise CannotCompute("A number below zero has no square root.")
    above, below = isqrt(value.numerator), isqrt(value.denominator)
    if (above * above, below * below) == (value.numerator, value.denominator):
        return _number(Fraction(above, below), given[0])
    return _rounded(lambda: _CONTEXT.sqrt(_decimal(value)))


def _logarithm(compute: Callable[[Decimal], Decimal]) -> Callable[[Sequence[Number]], Number]:
    def of(given: Sequence[Number]) -> Number:
        if given[0].value <= 0:
            raise CannotCompute("Logarithms are of numbers above zero.")
        return _rounded(lambda: compute(_decimal(given[0].value)))

    return of


def _round(given: Sequence[Number]) -> Number:
    """To the nearest, and from the middle away from zero, as people do."""
    places = given[1].value if len(given) > 1 else Fraction(0)
    if places.denominator != 1 or abs(places) > MOST_PLACES:
        raise CannotCompute("The digits of round(…) are a whole number.")
    scale = Fraction(10) ** int(places)
    value = given[0].value * scale
    whole = floor(abs(value) + Fraction(1, 2))
    return _number((whole if value >= 0 else -whole) / scale, *given)


def _remainder(given: Sequence[Number]) -> Number:
    quotient = floor(_divided(given[0].value, given[1].value))
    return _number(given[0].value - quotient * given[1].value, *given)


def _total(given: Sequence[Number]) -> Fraction:
    return sum((each.value for each in given), Fraction(0))


@dataclass(frozen=True, slots=True)
class _Function:
    compute: Callable[[Sequence[Number]], Number]
    least: int = 1
    most: int = 1


_MANY: Final = 500
_CONSTANTS: Final[Mapping[str, str]] = {"pi": PI, "e": "2.71828182845904523536028747135266249775724709369995"}
_FUNCTIONS: Final[Mapping[str, _Function]] = {
    "sqrt": _Function(_root),
    "abs": _Function(lambda given: _number(abs(given[0].value), *given)),
    "floor": _Function(lambda given: _number(Fraction(floor(given[0].value)), *given)),
    "ceil": _Function(lambda given: _number(Fraction(ceil(given[0].value)), *given)),
    "round": _Function(_round, 1, 2),
    "mod": _Function(_remainder, 2, 2),
    "min": _Function(lambda given: _number(min(each.value for each in given), *given), 1, _MANY),
    "max": _Function(lambda given: _number(max(each.value for each in given), *given), 1, _MANY),
    "sum": _Function(lambda given: _number(_total(given), *given), 1, _MANY),
    "avg": _Function(lambda given: _number(_total(given) / len(given), *given), 1, _MANY),
    "exp": _Function(lambda given: _rounded(lambda: _CONTEXT.exp(_decimal(given[0].value)))),
    "ln": _Function(_logarithm(_CONTEXT.ln)),
    "log10": _Function(_logarithm(_CONTEXT.log10)),
}


def _written(number: Number) -> tuple[str, bool]:
    """Decimal digits; those of a fraction that never ends are rounded."""
    value = number.value
    below, places = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while below % prime == 0:
            below, count = below // prime, count + 1
        places = max(places, count)
    if number.exact and below == 1 and places <= SHOWN:
        digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
        text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return f"-{text}" if value < 0 else text, True
    rounded = _SHOWN.normalize(_SHOWN.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return f"{rounded:f}" if -SHOWN < rounded.adjusted() < SHOWN else f"{rounded:e}", False
