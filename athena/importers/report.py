"""What became of each part of what is brought in. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LONGEST_NAME = 200
LONGEST_REMARK = 1_000
MOST_REMARKS = 20
READS_MISSING = "It reads what {} gave, which was not brought in: have what you put in its place give the same."


class Outcome(StrEnum):
    """How much of a part is kept."""

    MAPPED = "mapped"
    APPROXIMATED = "approximated"
    DROPPED = "dropped"


@dataclass(slots=True)
class Entry:
    """One part of the source: a node, or a field that is not in a node. Until somebody says otherwise it is dropped."""

    source: str
    kind: str
    outcome: Outcome = Outcome.DROPPED
    became: str = ""
    why: list[str] = field(default_factory=list[str])

    def mapped(self, became: str, *why: str) -> None:
        """It does here what it did there."""
        self._set(Outcome.MAPPED, became, why)

    def approximated(self, became: str, *why: str) -> None:
        """It does something close to it; ``why`` says what differs."""
        self._set(Outcome.APPROXIMATED, became, why)

    def finished(self, became: str, *why: str) -> None:
        """Mapped, unless something that differs was remarked before."""
        self._set(Outcome.APPROXIMATED if self.why else Outcome.MAPPED, became, why)

    def dropped(self, *why: str) -> None:
        """Nothing here does what it did."""
        self._set(Outcome.DROPPED, "", why)

    def remark(self, text: str) -> None:
        """Something that differs: what was mapped is approximated with it."""
        if self.outcome is Outcome.MAPPED:
            self.outcome = Outcome.APPROXIMATED
        self._add(text)

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "source": self.source,
            "kind": self.kind,
            "outcome": self.outcome.value,
            "became": self.became,
            "why": " ".join(self.why),
        }

    def _set(self, outcome: Outcome, became: str, why: tuple[str, ...]) -> None:
        self.outcome, self.became = outcome, became
        for text in why:
            self._add(text)

    def _add(self, text: str) -> None:
        short = text if len(text) <= LONGEST_REMARK else f"{text[: LONGEST_REMARK - 1]}…"
        if short and short not in self.why and len(self.why) < MOST_REMARKS:
            self.why.append(short)


class Report:
    """An entry for each part, in the source's order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._taken: set[str] = set()

    def begin(self, source: str, kind: str) -> Entry:
        """The entry of a part; where there is another one of its name, the name gets a number."""
        name = base = " ".join(source.split())[:LONGEST_NAME] or kind[:LONGEST_NAME] or "unnamed"
        number = 1
        while name in self._taken:
            number += 1
            name = f"{base} ({number})"
        self._taken.add(name)
        entry = Entry(name, kind[:LONGEST_NAME])
        self.entries.append(entry)
        return entry

    def counts(self) -> dict[str, int]:
        """How many entries there are of each outcome."""
        found = Counter(entry.outcome for entry in self.entries)
        return {outcome.value: found[outcome] for outcome in Outcome}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"counts": self.counts(), "entries": [entry.as_json() for entry in self.entries]}

    def as_markdown(self, title: str) -> str:
        """For people: a table with a row for each part."""
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items())
        lines = [
            f"# {_cell(title)}",
            "",
            f"{counts}. Nothing of it is active before you have looked at it.",
            "",
            "| source | kind | outcome | became | why |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {' | '.join(map(_cell, (each.source, each.kind, each.outcome, each.became, ' '.join(each.why))))} |"
            for each in self.entries
        ]
        return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """A text that stays within its cell, and is no markup."""
    line = " ".join(text.split())
    for character in "\\|<>[]`":
        line = line.replace(character, f"\\{character}")
    return line
