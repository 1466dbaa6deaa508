"""Versions such as ``1.4.0``, and ranges of them such as ``>=1.2,<2``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from operator import eq, ge, gt, le, lt, ne
from typing import Final

_VERSION: Final = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")
_CLAUSE: Final = re.compile(rf"(>=|<=|==|!=|>|<)\s*({_VERSION.pattern})")
_OPERATORS: Final[Mapping[str, Callable[[list[int], list[int]], bool]]] = {
    ">=": ge,
    "<=": le,
    "==": eq,
    "!=": ne,
    ">": gt,
    "<": lt,
}


def check_version(value: str) -> str:
    """``value``, when it is a version."""
    if not _VERSION.fullmatch(value):
        raise ValueError("A version is numbers with dots, such as 1.4.0")
    return value


def check_range(value: str) -> str:
    """``value``, when it is a range; the empty one holds every version."""
    for clause in _clauses(value):
        if not _CLAUSE.fullmatch(clause):
            raise ValueError("A range is comparisons with commas, such as >=1.2,<2")
    return value


def within(version: str, given: str) -> bool:
    """Whether ``version`` is in the range ``given``; what follows its numbers, such as ``.dev1``, does not count."""
    found = _VERSION.match(version)
    return found is not None and all(_holds(found[0], clause) for clause in _clauses(given))


def _clauses(given: str) -> list[str]:
    return [clause.strip() for clause in given.split(",")] if given.strip() else []


def _holds(version: str, clause: str) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        raise ValueError(f"{clause!r} is no comparison of versions")
    pairs = list(zip_longest(_numbers(version), _numbers(found[2]), fillvalue=0))
    return _OPERATORS[found[1]]([left for left, _ in pairs], [right for _, right in pairs])


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
