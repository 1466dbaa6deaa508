"""Finds what is done again and again: the same steps in the same order, in different sessions. Pure.

The steps of a session are one line, in which a step that is repeated at once counts as one. Of all the sequences of two
to six steps, the one that would spare the most is taken first, with every place where it stands; then the next one, as
far as its places are still free. So each task falls into one pattern at most. The work grows with the number of tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from uuid import UUID

SHORTEST = 2
LONGEST = 6
LEAST_COUNT = 3
LEAST_SESSIONS = 2
PAUSE = timedelta(minutes=30)
"""After so long without a step, what follows is something else."""
LEAST_STEP_SECONDS = 5.0
"""What a step takes at least, where all of them come at the same moment."""

Action = tuple[str, str]
"""An application and what is done in it, as they are compared."""
Place = tuple[int, int]
"""A line, and where in it something begins."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task, as far as patterns look at it. ``session`` tells the steps apart that belong together."""

    uuid: UUID
    session: str
    at: datetime
    app: str
    action: str

    @property
    def key(self) -> Action:
        """What is done, however it is written."""
        return " ".join(self.app.casefold().split()), " ".join(self.action.casefold().split())


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps that recur. ``occurrences`` holds the tasks of each time, the earliest first."""

    actions: tuple[Action, ...]
    steps: tuple[Step, ...]
    """As they were done the last time."""
    occurrences: tuple[tuple[UUID, ...], ...]
    sessions: int
    first_seen: datetime
    last_seen: datetime
    seconds: float
    """What one time takes: the median from the first step to the last."""

    @property
    def key(self) -> str:
        """A name that stays the same for as long as the pattern does."""
        text = "\n".join("\t".join(action) for action in self.actions)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def count(self) -> int:
        """How many times it was done."""
        return len(self.occurrences)

    @property
    def seconds_saved(self) -> float:
        """What all those times took together."""
        return self.seconds * self.count


@dataclass(slots=True)
class _Spot:
    """One place in a line: a step, and those that only repeat it."""

    action: Action
    steps: list[Step] = field(default_factory=list[Step])
    taken: bool = False


_Line = list[_Spot]


def find(steps: Iterable[Step]) -> list[Pattern]:
    """The patterns in ``steps``, those first that would spare the most; the same for every order of ``steps``."""
    lines = _lines(steps)
    places = _places([tuple(spot.action for spot in line) for line in lines])
    worth = {
        actions: _worth(actions, len(apart))
        for actions, found in places.items()
        if _recurs(apart := _apart(found, len(actions)), lines) and not _is_repetition(actions)
    }
    patterns: list[Pattern] = []
    for actions in sorted(worth, key=lambda each: (worth[each], each)):
        length = len(actions)
        free = [
            (number, start)
            for number, start in places[actions]
            if not any(spot.taken for spot in lines[number][start : start + length])
        ]
        chosen = _apart(free, length)
        if _recurs(chosen, lines):
            patterns.append(_pattern(actions, [lines[number][start : start + length] for number, start in chosen]))
    return sorted(patterns, key=lambda pattern: (-pattern.seconds_saved, -pattern.count, pattern.actions))


def groups(patterns: Iterable[Pattern]) -> Mapping[UUID, Pattern]:
    """The pattern that each task falls into."""
    return {uuid: pattern for pattern in patterns for times in pattern.occurrences for uuid in times}


def _lines(steps: Iterable[Step]) -> list[_Line]:
    """The steps by session, in their order, cut where there was a long pause."""
    lines: list[_Line] = []
    keys: dict[tuple[str, str], Action] = {}
    ordered = sorted(steps, key=lambda step: (step.session, step.at, step.uuid))
    for _, session in groupby(ordered, key=lambda step: step.session):
        line: _Line = []
        last: Step | None = None
        for step in session:
            action = keys.get((step.app, step.action)) or keys.setdefault((step.app, step.action), step.key)
            if last is None or step.at - last.at > PAUSE:
                line = []
                lines.append(line)
            if not line or line[-1].action != action:
                line.append(_Spot(action))
            line[-1].steps.append(step)
            last = step
    return lines


def _places(lines: Sequence[tuple[Action, ...]]) -> Mapping[tuple[Action, ...], list[Place]]:
    """Where each sequence stands, in order, of those that come often enough. The begin of one that does, does, too."""
    often: dict[tuple[Action, ...], list[Place]] = {}
    starts: list[Place] = [(number, start) for number, line in enumerate(lines) for start in range(len(line))]
    for length in range(SHORTEST, LONGEST + 1):
        found: dict[tuple[Action, ...], list[Place]] = {}
        for number, start in starts:
            if start + length <= len(lines[number]):
                found.setdefault(lines[number][start : start + length], []).append((number, start))
        enough = {actions: places for actions, places in found.items() if len(places) >= LEAST_COUNT}
        often.update(enough)
        starts = sorted(place for places in enough.values() for place in places)
    return often


def _apart(places: Sequence[Place], length: int) -> list[Place]:
    """``places``, which are in their order, without those that overlap the one before."""
    chosen: list[Place] = []
    for number, start in places:
        if not chosen or chosen[-1][0] != number or chosen[-1][1] + length <= start:
            chosen.append((number, start))
    return chosen


def _recurs(places: Sequence[Place], lines: Sequence[_Line]) -> bool:
    if len(places) < LEAST_COUNT:
        return False
    return len({lines[number][start].steps[0].session for number, start in places}) >= LEAST_SESSIONS


def _worth(actions: tuple[Action, ...], count: int) -> tuple[int, int]:
    """For sorting: the most steps that need not be thought of first, then what is done most often."""
    return -count * (len(actions) - 1), -count


def _is_repetition(actions: tuple[Action, ...]) -> bool:
    """Whether it is only a shorter sequence several times over."""
    length = len(actions)
    return any(
        length % part == 0 and actions == actions[:part] * (length // part) for part in range(SHORTEST, length // 2 + 1)
    )


def _pattern(actions: tuple[Action, ...], times: Sequence[Sequence[_Spot]]) -> Pattern:
    """The pattern of these places, which nothing else can take any more."""
    for spots in times:
        for spot in spots:
            spot.taken = True
    ordered = sorted(times, key=lambda spots: (spots[0].steps[0].at, spots[0].steps[0].uuid))
    spans = [(spots[-1].steps[-1].at - spots[0].steps[0].at).total_seconds() for spots in ordered]
    return Pattern(
        actions=actions,
        steps=tuple(spot.steps[0] for spot in ordered[-1]),
        occurrences=tuple(tuple(step.uuid for spot in spots for step in spot.steps) for spots in ordered),
        sessions=len({spots[0].steps[0].session for spots in ordered}),
        first_seen=ordered[0][0].steps[0].at,
        last_seen=max(spots[-1].steps[-1].at for spots in ordered),
        seconds=max(median(spans), LEAST_STEP_SECONDS * len(actions)),
    )
