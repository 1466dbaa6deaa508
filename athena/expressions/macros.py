"""CEL's macros over lists and objects. Each step pays for the size of what it evaluates."""

from __future__ import annotations

from typing import Any

from athena.expressions.budget import STEPS_A_FAULT, STEPS_AN_ELEMENT
from athena.expressions.errors import Fault, Stopped
from athena.expressions.frame import Frame, Run
from athena.expressions.operators import truth
from athena.expressions.values import describe


def elements_of(value: Any, position: int) -> list[Any]:
    """A list's elements or an object's keys. Raises ``Fault``."""
    kind = value.__class__
    if kind is list:
        return value
    if kind is dict:
        return list(value)
    raise Fault(f"This goes through a list or an object, not through {describe(value)}.", position)


def bind(slot: int, source: Run, body: Run) -> Run:
    """``cel.bind(variable, source, body)``."""

    def run(frame: Frame) -> Any:
        frame.variables[slot] = source(frame)
        return body(frame)

    return run


def mapped(slot: int, source: Run, condition: Run | None, body: Run, cost: int, position: int) -> Run:
    """``source.map(variable, body)``, ``source.map(variable, condition, body)`` and ``source.filter(…)``."""
    cost += STEPS_AN_ELEMENT

    def run(frame: Frame) -> list[Any]:
        made: list[Any] = []
        variables, spend = frame.variables, frame.budget.spend
        for element in elements_of(source(frame), position):
            spend(cost)
            variables[slot] = element
            if condition is None or _holds(condition, frame, position):
                made.append(body(frame))
        return made

    return run


def exists_one(slot: int, source: Run, body: Run, cost: int, position: int) -> Run:
    """``source.exists_one(variable, body)``."""

    def run(frame: Frame) -> bool:
        count = 0
        variables, spend = frame.variables, frame.budget.spend
        for element in elements_of(source(frame), position):
            spend(cost)
            variables[slot] = element
            count += _holds(body, frame, position)
        return count == 1

    return run


def quantified(slot: int, source: Run, body: Run, cost: int, position: int, *, decisive: bool) -> Run:
    """``source.all(variable, body)``, which one false decides, or ``exists``, which one true does, whatever else is."""

    def run(frame: Frame) -> bool:
        fault: Fault | None = None
        variables, spend = frame.variables, frame.budget.spend
        for element in elements_of(source(frame), position):
            spend(cost)
            variables[slot] = element
            try:
                if _holds(body, frame, position) is decisive:
                    return decisive
            except Fault as failed:
                spend(STEPS_A_FAULT)
                fault = failed
        if fault is not None:
            raise fault
        return not decisive

    return run


def _holds(condition: Run, frame: Frame, position: int) -> bool:
    value = condition(frame)
    if value is True or value is False:
        return value
    try:
        return truth(value, "The condition")
    except Stopped as fault:
        fault.at(position)
        raise
