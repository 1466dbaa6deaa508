"""How functions are called, and what they are called for a model that has several tools. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from athena.kit.db import Row

ToolRow: TypeAlias = Row | Mapping[str, Any]
"""A row of ``tools``."""
LONGEST: Final = 64
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class OfferedFunction:
    """A function as a model may call it."""

    name: str
    """For the model: unique among all that it is offered."""
    tool: ToolRow
    function: str
    """What the tool itself calls it."""
    description: str
    parameters: dict[str, Any]
    repeatable: bool


def function_name(text: str) -> str:
    """``text`` as a function's name: ``Wetter für heute`` is ``wetter_fur_heute``; ``tool`` where nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _OTHER.sub("_", plain.lower())[:LONGEST].strip("_-") or "tool"


def offered(tools: Sequence[ToolRow]) -> list[OfferedFunction]:
    """Every function of the tools' rows, in their order, by names of which none is like another.

    A function keeps its own name where no other tool has it, too; else the tool's name stands before it.
    """
    found = [(tool, function) for tool in tools for function in tool["functions"]]
    count = Counter(function["name"] for _, function in found)
    taken = {name for name, times in count.items() if times == 1}
    result: list[OfferedFunction] = []
    for tool, function in found:
        name: str = function["name"]
        if count[name] > 1:
            name = free_name(f"{function_name(tool['name'])}_{name}", taken)
            taken.add(name)
        result.append(
            OfferedFunction(
                name,
                tool,
                function["name"],
                function["description"],
                function["parameters"],
                function["repeatable"],
            )
        )
    return result


def free_name(name: str, taken: Container[str]) -> str:
    """``name``, as long as it may be, with a number where it is taken."""
    found, number = name[:LONGEST], 1
    while found in taken:
        number += 1
        tail = f"_{number}"
        found = name[: LONGEST - len(tail)] + tail
    return found
