"""How a function is declared: its name, what it takes, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from athena.expressions.errors import Fault
from athena.expressions.values import Optional, describe

Kinds = tuple[type, ...]

ANY: Final[Kinds] = ()
TEXT: Final[Kinds] = (str,)
WHOLE: Final[Kinds] = (int,)
NUMBER: Final[Kinds] = (int, float)
LIST: Final[Kinds] = (list,)
TIME: Final[Kinds] = (datetime,)
DURATION: Final[Kinds] = (timedelta,)
OPTIONAL: Final[Kinds] = (Optional,)


@dataclass(frozen=True, slots=True)
class Function:
    """``run`` takes the budget and the arguments; of what a function is called on, that is the first one.

    ``takes`` holds the types of each argument; those from ``required`` on can be left out. With ``rest`` there
    may be any number of the last one.
    """

    name: str
    run: Callable[..., Any]
    takes: Sequence[Kinds]
    required: int
    rest: bool = False

    def accepts(self, count: int) -> bool:
        """Whether it can be called with ``count`` arguments."""
        return self.required <= count and (self.rest or count <= len(self.takes))

    def check(self, arguments: Sequence[Any]) -> None:
        """Raises ``Fault`` for an argument of another type."""
        for number, argument in enumerate(arguments):
            kinds = self.takes[min(number, len(self.takes) - 1)]
            if kinds and type(argument) not in kinds:
                name = self.name.removeprefix(".")
                raise Fault(f"{name}(…) does not take {describe(argument)} {self._place(number)}.")

    def _place(self, number: int) -> str:
        if self.name.startswith("."):
            return f"as argument {number}" if number else "before its point"
        return f"as argument {number + 1}"


Library = dict[str, Function]


class Declarations:
    """Collects the functions of a file."""

    def __init__(self) -> None:
        self.functions: Library = {}

    def __call__(
        self, name: str, *takes: Kinds, required: int | None = None, rest: bool = False
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares what it decorates."""

        def declare(run: Callable[..., Any]) -> Callable[..., Any]:
            self.functions[name] = Function(name, run, takes, len(takes) if required is None else required, rest)
            return run

        return declare
