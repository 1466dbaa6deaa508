"""What a run took. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final

NOTHING: Final[Mapping[str, Any]] = {"input_tokens": 0, "output_tokens": 0, "cost": None}


def sum_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two usages in one; a cost that nobody knows adds nothing."""
    costs = [each["cost"] for each in (one, other) if each["cost"] is not None]
    return {
        "input_tokens": one["input_tokens"] + other["input_tokens"],
        "output_tokens": one["output_tokens"] + other["output_tokens"],
        "cost": sum(costs) if costs else None,
    }


@dataclass(slots=True)
class Spent:
    """What the run took so far; ``tools`` is what others did for it, which their own runs count."""

    usage: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    tools: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    is_estimate: bool = False

    def add(self, usage: Mapping[str, Any], *, is_estimate: bool = False) -> None:
        """Adds a call of the model."""
        self.usage = sum_of(self.usage, usage)
        self.is_estimate = self.is_estimate or is_estimate

    def add_tool(self, usage: Mapping[str, Any] | None) -> None:
        """Adds what a tool took."""
        if usage is not None:
            self.tools = sum_of(self.tools, usage)

    def with_(self, usage: Mapping[str, Any], *, is_estimate: bool) -> Spent:
        """As if a call were added."""
        added = replace(self)
        added.add(usage, is_estimate=is_estimate)
        return added

    @property
    def tokens(self) -> int:
        """Of everything."""
        return sum(each[name] for each in (self.usage, self.tools) for name in ("input_tokens", "output_tokens"))

    @property
    def cost(self) -> float:
        """Of everything, as far as it is known."""
        return (self.usage["cost"] or 0.0) + (self.tools["cost"] or 0.0)


_JUDGED: ContextVar[Judged | None] = ContextVar("judged", default=None)


class Judged:
    """What models took that judged the texts of one step.

    It is counted when it was taken, and is in the step's record, from which a run that is gone on with counts it.
    """

    def __init__(self) -> None:
        self.usage: Mapping[str, Any] | None = None
        """What the step's record holds as ``judged``."""

    @contextlib.contextmanager
    def taken(self) -> Generator[None]:
        """What is counted by :func:`count_judged` within is the step's."""
        self.usage = self.usage or NOTHING
        token = _JUDGED.set(self)
        try:
            yield
        finally:
            _JUDGED.reset(token)

    def count_known(self, spent: Spent, record: Mapping[str, Any]) -> None:
        """Counts what a step's record says, where the step was made before this process took the run."""
        known = record.get("judged")
        if self.usage is None and known is not None:
            spent.add(known)


def count_judged(spent: Spent, usage: Mapping[str, Any]) -> None:
    """Counts what judging took, as the run's and as the present step's."""
    spent.add(usage)
    step = _JUDGED.get()
    if step is not None:
        step.usage = sum_of(step.usage or NOTHING, usage)
