"""What a run took. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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
