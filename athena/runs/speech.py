"""What is said in an answer, as it grows: shown piece by piece, and kept when it is cut off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from athena.engine import RunContext
from athena.guardrails.checking import StreamFilter
from athena.guardrails.stages import Decision

BETWEEN: Final = "\n\n"
"""What stands between the texts of two turns, where they are shown as one."""


class Speech:
    """The text and parts of one answer. Turns that are done are taken from their records; one is under way."""

    def __init__(self, run: RunContext, message_uuid: str) -> None:
        self._run = run
        self.guarded: Callable[[], StreamFilter | None] = lambda: None
        """Makes what a turn's text passes through before anybody sees it; set once the guardrails are known."""
        self._filter: StreamFilter | None = None
        self._heard: list[str] = []
        # One mapping for all, so that pieces that follow each other closely become one event.
        self._fields = {"message_uuid": message_uuid}
        self._done = ""
        self._pieces: list[str] = []
        self.parts: list[dict[str, Any]] = []
        """What was said and done in the turns that are over, and is worth more than its text: calls and results."""

    @property
    def turn(self) -> str:
        """What was said in the turn that is under way."""
        return "".join(self._pieces)

    @property
    def text(self) -> str:
        """All that was said, as its listeners have it."""
        return BETWEEN.join(filter(None, (self._done, self.turn)))

    @property
    def content(self) -> str | list[dict[str, Any]]:
        """All of it as a message's content: text, unless tools were used."""
        return self.content_with(self.turn)

    def content_with(self, turn: str) -> str | list[dict[str, Any]]:
        """As :attr:`content`, with ``turn`` said last."""
        return [*self.parts, *_text(turn)] if self.parts else turn

    @property
    def is_guarded(self) -> bool:
        """Whether guardrails decide what of this turn is shown."""
        return self._filter is not None

    @property
    def heard(self) -> str:
        """What the model said in this turn, whatever of it may be shown."""
        return "".join(self._heard)

    @property
    def decisions(self) -> Sequence[Decision]:
        """What guardrails made of this turn."""
        return self._filter.decisions if self._filter else ()

    def add(self, text: str) -> None:
        """Takes the next piece, and shows what may be shown; raises ``Refused`` of guardrails when nothing may."""
        if not self._heard:
            self._filter = self.guarded()
        self._heard.append(text)
        if self._filter is not None:
            text = self._filter.feed(text)
        if text:
            self._say(text)

    async def complete(self) -> None:
        """Shows what was held back, once the model is at its end; raises as :meth:`add`."""
        if self._filter is not None and (text := await self._filter.finish()):
            self._say(text)

    def replace(self, text: str, attempt: int) -> None:
        """Says ``text`` in the place of this turn."""
        if self._pieces:
            self.restart(attempt)
        self._say(text)

    def _say(self, text: str) -> None:
        if not self._pieces and self._done:
            self._show(BETWEEN)
        self._pieces.append(text)
        self._show(text)

    def restart(self, attempt: int) -> None:
        """Says that what was shown of this turn is void. Listeners forget all, so that turns before are shown again."""
        self.forget_turn()
        self._run.emit("message.restarted", {**self._fields, "attempt": attempt})
        if self._done:
            self._show(self._done)

    def end_turn(self, text: str, parts: list[dict[str, Any]]) -> None:
        """Takes a turn that is done: what was said in it, and ``parts`` of calls and their results."""
        self.forget_turn()
        self._done = BETWEEN.join(filter(None, (self._done, text)))
        self.parts += [*_text(text), *parts]

    def forget_turn(self) -> None:
        """Drops what was said in this turn, since it is to be said anew."""
        self._pieces.clear()
        self._heard.clear()
        self._filter = None

    def _show(self, text: str) -> None:
        self._run.append_text("message.delta", self._fields, "delta", text)


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []
