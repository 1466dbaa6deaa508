"""What dialects ask of a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class RunFacts(Protocol):
    """A run's row."""

    def __getitem__(self, key: str, /) -> Any:
        """A field by its name."""
        ...


def is_whole(row: RunFacts) -> bool:
    """Whether the answer is told at its end alone: a workflow's, and what must fit a schema."""
    given: Mapping[str, Any] = row["input"]
    wishes: Mapping[str, Any] = given.get("wishes") or {}
    abilities: Mapping[str, Any] = given.get("abilities") or {}
    return row["kind"] == "workflow" or bool(wishes.get("schema") or abilities.get("output_schema"))
