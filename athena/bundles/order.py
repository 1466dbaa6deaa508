"""In which order resources are made, so that what they refer to is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

LOOSE: Final = ("agents", "workflows")
"""Kinds that can be made without what they refer to, and be given it afterwards: of two in a circle, one of these."""


class Step(NamedTuple):
    """A resource to be made. ``without``: what it refers to and is not there yet."""

    name: str
    without: frozenset[str]


class Circle(ValueError):
    """Resources refer to each other in a circle that cannot be opened."""


def in_order(needed: Mapping[str, Sequence[str]]) -> list[Step]:
    """The order in which to make resources, by name ``kind/key``, of which each refers to those in ``needed``."""
    waiting = {name: {each for each in needed[name] if each in needed and each != name} for name in needed}
    steps: list[Step] = []
    while waiting:
        ready = [name for name, others in waiting.items() if not others]
        if not ready:
            ready = [name for name in waiting if name.partition("/")[0] in LOOSE][:1]
        if not ready:
            raise Circle(f"{', '.join(sorted(waiting))} refer to each other in a circle.")
        for name in ready:
            without = waiting.pop(name)
            if name in needed[name]:
                without = without | {name}
            steps.append(Step(name, frozenset(without)))
        for others in waiting.values():
            others.difference_update(ready)
    return steps
