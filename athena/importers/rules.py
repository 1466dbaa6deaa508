"""What becomes of each type of node: the rules of an importer, as they are applied and as they are documented."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rule(Generic[C]):
    """For which types it is, what they become, and what differs."""

    types: tuple[str, ...]
    becomes: str
    convert: C
    differs: str = ""
    whole_list: bool = False
    """Whether a node of this type takes a list of items as a whole."""


def by_type(rules: Iterable[Rule[C]]) -> Mapping[str, Rule[C]]:
    """The rules by the types that they are for."""
    return {name: rule for rule in rules for name in rule.types}


def table(rules: Iterable[Rule[Any]]) -> str:
    """The rules as a table for the documentation."""
    lines = ["| there | here | what differs |", "|---|---|---|"]
    for rule in rules:
        names = ", ".join(f"`{name}`" for name in rule.types)
        lines.append(f"| {names} | {rule.becomes} | {rule.differs} |")
    return "\n".join(lines)
