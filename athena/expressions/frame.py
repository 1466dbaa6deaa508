"""One evaluation, and what a compiled expression is: a function of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from athena.expressions.budget import Budget


class Frame:
    """What the names stand for, the variables of macros by their number, and the budget."""

    __slots__ = ("budget", "scope", "variables")

    def __init__(self, scope: Mapping[str, Any], budget: Budget, variables: int) -> None:
        self.scope = scope
        self.budget = budget
        self.variables: list[Any] = [None] * variables


Run = Callable[[Frame], Any]
