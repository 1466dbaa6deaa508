"""A guardrail at work on one text that arrives in pieces."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from athena.guardrails import injection, personal_data
from athena.guardrails.judging import AskModel, NoVerdict, Row, judge
from athena.guardrails.matching import Masker, Matcher
from athena.guardrails.patterns import Patterns, TooSlow, Words
from athena.llm.tokens import BYTES_PER_TOKEN

StageName = Literal["input", "output", "tool_call", "tool_result"]
Outcome = Literal["passed", "masked", "refused", "warned", "shadow"]

REFUSED: Final = "This is not allowed here."
KINDS: Final[Mapping[str, str]] = {
    "word": "a listed word",
    "pattern": "a match of a listed pattern",
    "email": "an e-mail address",
    "phone": "a telephone number",
    "iban": "an account number (IBAN)",
    "credit_card": "a credit card's number",
    "ip_address": "an IP address",
    "national_id": "a national identity number",
    "instructions": "instructions to a model",
    "hidden": "hidden characters",
    "encoded": "an encoded passage",
    "images": "an image with an address that may carry data",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a guardrail made of a text. ``reason`` holds nothing of the text itself."""

    guardrail_uuid: UUID
    name: str
    stage: StageName
    outcome: Outcome
    reason: str
    duration_ms: float
    message: str = REFUSED
    """What the user is told when it is refused."""


class Refused(Exception):
    """A guardrail refuses the text."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.message)
        self.decision = decision


class Check(ABC):
    """One guardrail on one text. After :meth:`finish`, or when it has refused, it has a ``decision``."""

    def __init__(self, guardrail: Row, stage: StageName) -> None:
        self._guardrail = guardrail
        self._stage: StageName = stage
        self._action = guardrail["action"]
        self.seconds = 0.0
        self.decision: Decision | None = None

    @property
    def acts(self) -> bool:
        """Whether it may change or hold the text; otherwise it only looks on."""
        return not self._guardrail["shadow"] and self._action != "warn"

    @abstractmethod
    def feed(self, text: str) -> str:
        """Takes the next piece; what may go on. :class:`Refused` when it is to end."""

    @abstractmethod
    async def finish(self) -> str:
        """What was held back; :class:`Refused` when nothing may go on."""

    def found(self, reason: str) -> None:
        """Decides that there is something; :class:`Refused` where that is refused."""
        outcome: Outcome = "shadow" if self._guardrail["shadow"] else OUTCOMES[self._action]
        self.decide(outcome, reason)
        if outcome == "refused" and self.decision is not None:
            raise Refused(self.decision)

    def decide(self, outcome: Outcome, reason: str) -> None:
        """Notes the decision."""
        guardrail = self._guardrail
        duration = round(self.seconds * 1_000, 3)
        message = guardrail["message"] or REFUSED
        self.decision = Decision(guardrail["uuid"], guardrail["name"], self._stage, outcome, reason, duration, message)


OUTCOMES: Final[Mapping[str, Outcome]] = {"refuse": "refused", "mask": "masked", "warn": "warned"}


class PlacesCheck(Check):
    """Looks for places in the text, by one or several maskers, each after the other."""

    def __init__(self, guardrail: Row, stage: StageName, groups: Sequence[Sequence[Matcher]]) -> None:
        super().__init__(guardrail, stage)
        self._maskers = [Masker(group) for group in groups]

    def feed(self, text: str) -> str:
        """See :class:`Check`."""
        masked = self._masked(text, final=False)
        return masked if self.acts else text

    async def finish(self) -> str:
        """See :class:`Check`."""
        masked = self._masked("", final=True)
        if self.decision is None:
            found = self._found()
            if found:
                self.found(_told(found))
            else:
                self.decide("passed", "")
        return masked if self.acts else ""

    def _masked(self, text: str, *, final: bool) -> str:
        begun = time.monotonic()
        try:
            for masker in self._maskers:
                text = masker.feed(text, final=final)
        except TooSlow:
            self._maskers = []
            self.seconds += time.monotonic() - begun
            self._given_up()
            return ""
        self.seconds += time.monotonic() - begun
        if self.acts and self._action == "refuse" and (found := self._found()):
            self.found(_told(found))
        return text

    def _given_up(self) -> None:
        """What could not be looked through does not go on, unless the guardrail only looks on."""
        reason = "The patterns took too long on this text."
        if self.acts:
            self.decide("refused", reason)
            raise Refused(self.decision)  # pyright: ignore[reportArgumentType] - it was just made
        self.found(reason)

    def _found(self) -> Counter[str]:
        return sum((masker.found for masker in self._maskers), Counter[str]())


class LengthCheck(Check):
    """Counts the text."""

    def __init__(self, guardrail: Row, stage: StageName) -> None:
        super().__init__(guardrail, stage)
        self._config = guardrail["config"]
        self._held: list[str] = []
        self._characters = 0
        self._bytes = 0

    def feed(self, text: str) -> str:
        """See :class:`Check`."""
        self._characters += len(text)
        self._bytes += len(text.encode("utf-8", "surrogatepass"))
        maximum = self._config["maximum"]
        if self.decision is None and maximum is not None and self._count > maximum:
            self.found(f"It has more than {maximum:,} {self._config['unit']}.")
        if self.acts and self._config["minimum"] is not None:
            self._held.append(text)
            return ""
        return text

    async def finish(self) -> str:
        """See :class:`Check`."""
        minimum = self._config["minimum"]
        if self.decision is None and minimum is not None and self._count < minimum:
            self.found(f"It has fewer than {minimum:,} {self._config['unit']}.")
        if self.decision is None:
            self.decide("passed", "")
        return "".join(self._held)

    @property
    def _count(self) -> int:
        return self._characters if self._config["unit"] == "characters" else -(-self._bytes // BYTES_PER_TOKEN)


class ModelCheck(Check):
    """Has a model judge the whole text."""

    def __init__(self, guardrail: Row, stage: StageName, ask_model: AskModel) -> None:
        super().__init__(guardrail, stage)
        self._ask_model = ask_model
        self._parts: list[str] = []

    def feed(self, text: str) -> str:
        """See :class:`Check`."""
        self._parts.append(text)
        return "" if self.acts else text

    async def finish(self) -> str:
        """See :class:`Check`."""
        text = "".join(self._parts)
        begun = time.monotonic()
        try:
            allowed, broken = await judge(self._guardrail, text, self._ask_model)
        except NoVerdict as error:
            allowed, broken = self._guardrail["config"]["on_failure"] == "pass", str(error)
            passed = broken
        else:
            passed = ""
        self.seconds += time.monotonic() - begun
        if allowed:
            self.decide("passed", passed)
        else:
            self.found(broken)
        return text if self.acts else ""


def check_of(guardrail: Row, stage: StageName, ask_model: AskModel) -> Check:
    """A guardrail, ready for one text."""
    config: Any = guardrail["config"]
    match guardrail["type"]:
        case "pattern":
            group: list[Matcher] = []
            if config["words"]:
                group.append(Words(config["words"], config["replacement"]))
            if config["patterns"]:
                group.append(Patterns(config["patterns"], config["replacement"]))
            return PlacesCheck(guardrail, stage, [group])
        case "pii":
            return PlacesCheck(guardrail, stage, [personal_data.matchers(config["kinds"])])
        case "injection":
            return PlacesCheck(guardrail, stage, injection.matchers(config["signs"], config["allowed_hosts"]))
        case "length":
            return LengthCheck(guardrail, stage)
        case _:
            return ModelCheck(guardrail, stage, ask_model)


def _told(found: Counter[str]) -> str:
    return f"It holds {', '.join(f'{KINDS[kind]} ({count})' for kind, count in sorted(found.items()))}."
