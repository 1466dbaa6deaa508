"""Checks texts by guardrails: whole ones, and ones that arrive in pieces, with the same outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from athena.guardrails.judging import AskModel, Row
from athena.guardrails.stages import Check, Decision, Refused, StageName, check_of

LONG: Final = 4_096
"""From so many characters on, a text is looked through beside the event loop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What guardrails made of a text. ``text`` is what may go on: masked where need be, empty where it is refused."""

    text: str
    decisions: tuple[Decision, ...]
    refused: Decision | None


class StreamFilter:
    """Lets a text through that arrives in pieces, as the guardrails of one stage say, each after the other.

    What :meth:`feed` and :meth:`finish` give, joined, is what :func:`check` gives for the whole. What may still turn
    out to be masked or refused is held back: a match's length of text, or all of it for guardrails that must see the
    whole. Both raise :class:`athena.guardrails.stages.Refused`, after which there is nothing more to give.
    """

    def __init__(self, guardrails: Sequence[Row], stage: StageName, *, ask_model: AskModel) -> None:
        self._checks = _checks(guardrails, stage, ask_model)

    def feed(self, text: str) -> str:
        """Takes the next piece; what may go on by now."""
        for each in self._checks:
            text = each.feed(text)
        return text

    async def finish(self) -> str:
        """What was held back, once the text is at its end."""
        text = ""
        for each in self._checks:
            text = each.feed(text) + await each.finish()
        return text

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Those that were made so far, in the guardrails' order."""
        return _decided(self._checks)


async def check(guardrails: Sequence[Row], stage: StageName, text: str, *, ask_model: AskModel) -> Verdict:
    """What those of ``guardrails`` that are for ``stage`` make of a whole text. Nothing is raised for a refused one."""
    checks = _checks(guardrails, stage, ask_model)
    try:
        for each in checks:
            passed = await asyncio.to_thread(each.feed, text) if len(text) > LONG else each.feed(text)
            text = passed + await each.finish()
    except Refused as refused:
        return Verdict("", _decided(checks), refused.decision)
    return Verdict(text, _decided(checks), None)


def _checks(guardrails: Sequence[Row], stage: StageName, ask_model: AskModel) -> list[Check]:
    return [check_of(each, stage, ask_model) for each in guardrails if each["enabled"] and stage in each["stages"]]


def _decided(checks: Sequence[Check]) -> tuple[Decision, ...]:
    return tuple(each.decision for each in checks if each.decision is not None)
