"""What the parts of an expression do when they are evaluated, besides macros: each function makes such a part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from athena.expressions import operators
from athena.expressions.budget import STEPS_A_FAULT
from athena.expressions.errors import Fault, Missing, Stopped
from athena.expressions.frame import Frame, Run
from athena.expressions.functions import Function
from athena.expressions.paths import Path
from athena.expressions.values import Optional


def constant(value: Any) -> Run:
    """A literal."""
    return lambda _: value


def variable(slot: int) -> Run:
    """The variable of a macro."""
    return lambda frame: frame.variables[slot]


def path(found: Path) -> Run:
    """A constant path."""
    resolve = found.resolve
    return lambda frame: resolve(frame.scope)


def select(look: Callable[[Any, str], Any], operand: Run, field: str, position: int) -> Run:
    """``operand.field``, ``operand.?field`` or ``has(operand.field)``, as ``look`` does."""

    def run(frame: Frame) -> Any:
        container = operand(frame)
        try:
            return look(container, field)
        except Stopped as fault:
            fault.at(position)
            raise

    return run


def unary(operator: Callable[[Any], Any], operand: Run, position: int) -> Run:
    """``-operand`` or ``!operand``."""

    def run(frame: Frame) -> Any:
        value = operand(frame)
        try:
            return operator(value)
        except Stopped as fault:
            fault.at(position)
            raise

    return run


def binary(operator: operators.Operator, left: Run, right: Run, position: int) -> Run:
    """``left operator right``."""

    def run(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        try:
            return operator(frame.budget, one, other)
        except Stopped as fault:
            fault.at(position)
            raise
        except OverflowError:
            raise Fault("The number is too large.", position) from None

    return run


def call(function: Function, arguments: Sequence[Run], position: int) -> Run:
    """A function's call."""
    check, compute = function.check, function.run

    def run(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        try:
            check(values)
            return compute(frame.budget, *values)
        except Stopped as fault:
            fault.at(position)
            raise
        except OverflowError:
            raise Fault("The number is too large.", position) from None

    return run


def either(left: Run, right: Run, position: int, *, decisive: bool) -> Run:
    """``left || right``, which one true decides, or ``left && right``, which one false does, whatever the other is."""
    symbol = "'||'" if decisive else "'&&'"

    def side(run: Run, frame: Frame) -> bool:
        value = run(frame)
        try:
            return operators.truth(value, symbol)
        except Fault as fault:
            fault.at(position)
            raise

    def run(frame: Frame) -> bool:
        try:
            if side(left, frame) is decisive:
                return decisive
        except Fault:
            frame.budget.spend(STEPS_A_FAULT)
            if side(right, frame) is decisive:
                return decisive
            raise
        return side(right, frame)

    return run


def conditional(condition: Run, then: Run, otherwise: Run, position: int) -> Run:
    """``condition ? then : otherwise``."""

    def run(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        try:
            return operators.truth(value, "'? :'")
        except Fault as fault:
            fault.at(position)
            raise

    return run


def default(wanted: Run, fallback: Run) -> Run:
    """``default(wanted, fallback)``: the fallback where something on the way is missing, or the value is null."""

    def run(frame: Frame) -> Any:
        try:
            value = wanted(frame)
        except Missing:
            frame.budget.spend(STEPS_A_FAULT)
            return fallback(frame)
        if type(value) is Optional:
            value = value.value
        return fallback(frame) if value is None else value

    return run


def items(elements: Sequence[Run], optional: frozenset[int], position: int) -> Run:
    """A list, without the optional elements that are none."""
    if not optional:
        return lambda frame: [element(frame) for element in elements]

    def run(frame: Frame) -> list[Any]:
        made: list[Any] = []
        for number, element in enumerate(elements):
            value = element(frame)
            if number not in optional:
                made.append(value)
            elif _is_present(value, position):
                made.append(value.value)
        return made

    return run


def entries(pairs: Sequence[tuple[Run, Run, bool]], position: int) -> Run:
    """An object, without the optional entries that are none."""

    def key_in(made: dict[Any, Any], value: Any) -> Any:
        try:
            name = operators.key_of(value)
        except Fault as fault:
            fault.at(position)
            raise
        if name in made:
            raise Fault("The object has a key twice.", position)
        return name

    def run(frame: Frame) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, value, is_optional in pairs:
            name = key_in(made, key(frame))
            given = value(frame)
            if not is_optional:
                made[name] = given
            elif _is_present(given, position):
                made[name] = given.value
        return made

    return run


def _is_present(value: Any, position: int) -> bool:
    if type(value) is Optional:
        return value.present
    raise Fault("Behind a question mark stands an optional value, as in [?a.?b].", position)
