"""Functions of lists, most of them CEL's extension for lists."""

from __future__ import annotations

from typing import Any

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault, Missing
from athena.expressions.functions.signatures import ANY, LIST, OPTIONAL, WHOLE, Declarations
from athena.expressions.operators import add
from athena.expressions.values import NOTHING, Optional, equal

_declare = Declarations()


@_declare(".sum", LIST)
def _sum(budget: Budget, elements: list[Any]) -> int | float:
    """0 for an empty list."""
    budget.elements(len(elements))
    total: int | float = 0
    for element in elements:
        if type(element) is not int and type(element) is not float:
            raise Fault("sum() takes a list of numbers. Take them out first, as in items.map(i, i.price).sum().")
        total = add(budget, total, element)
    return total


@_declare(".sort", LIST)
def _sort(budget: Budget, elements: list[Any]) -> list[Any]:
    """Numbers by value, texts by their code points."""
    kinds: set[object] = {type(element) for element in elements}
    if kinds == {str}:
        budget.read(sum(map(len, elements)))
    elif not kinds <= {int, float}:
        raise Fault("sort() takes a list of numbers, or one of texts.")
    budget.elements(len(elements) * 4)
    return sorted(elements)


@_declare(".distinct", LIST)
def _distinct(budget: Budget, elements: list[Any]) -> list[Any]:
    """Without those that equal an earlier one."""
    budget.elements(len(elements))
    if all(type(element) is str for element in elements):
        return list(dict.fromkeys(elements))
    kept: list[Any] = []
    for element in elements:
        budget.elements(len(kept))
        if not any(equal(budget, element, other) for other in kept):
            kept.append(element)
    return kept


@_declare(".flatten", LIST)
def _flatten(budget: Budget, elements: list[Any]) -> list[Any]:
    """The elements of the lists in the list, one level deep."""
    flat: list[Any] = []
    for element in elements:
        kind = element.__class__
        inner: list[Any] = element if kind is list else [element]
        budget.elements(len(inner) + 1)
        flat += inner
    return flat


@_declare(".slice", LIST, WHOLE, WHOLE)
def _slice(budget: Budget, elements: list[Any], start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(elements):
        raise Fault(f"slice(…) takes places from 0 to the list's size, {len(elements)}, the smaller one first.")
    budget.elements(end - start)
    return elements[start:end]


@_declare("lists.range", WHOLE)
def _range(budget: Budget, end: int) -> list[int]:
    """0, 1, 2 and so on, without ``end``."""
    budget.elements(max(end, 0))
    return list(range(end))


@_declare("optional.of", ANY)
def _of(_: Budget, value: Any) -> Optional:
    return Optional(value)


@_declare("optional.none")
def _none(_: Budget) -> Optional:
    return NOTHING


@_declare(".hasValue", OPTIONAL)
def _has_value(_: Budget, optional: Optional) -> bool:
    return optional.present


@_declare(".value", OPTIONAL)
def _value(_: Budget, optional: Optional) -> Any:
    if not optional.present:
        raise Missing("The optional value is none. Use orValue(…).")
    return optional.value


@_declare(".orValue", OPTIONAL, ANY)
def _or_value(_: Budget, optional: Optional, fallback: Any) -> Any:
    return optional.value if optional.present else fallback


@_declare(".or", OPTIONAL, OPTIONAL)
def _or(_: Budget, optional: Optional, other: Optional) -> Optional:
    return optional if optional.present else other


FUNCTIONS = _declare.functions
