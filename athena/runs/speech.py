"""What is said in an answer, as it grows: shown piece by piece, and kept when it is cut off."""

from __future__ import annotations

from typing import Any, Final

from athena.engine import RunContext

BETWEEN: Final = "\n\n"
"""What stands between the texts of two turns, where they are shown as one."""


class Speech:
    """The text and parts of one answer. Turns that are done are taken from their records; one is under way."""

    def __init__(self, run: RunContext, message_uuid: str) -> None:
        self._run = run
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
        if not self.parts:
            return self.text
        return [*self.parts, *_text(self.turn)]

    def add(self, text: str) -> None:
        """Shows the next piece."""
        if not self._pieces and self._done:
            self._show(BETWEEN)
        self._pieces.append(text)
        self._show(text)

    def restart(self, attempt: int) -> None:
        """Says that what was shown of this turn is void. Listeners forget all, so that turns before are shown again."""
        self._pieces.clear()
        self._run.emit("message.restarted", {**self._fields, "attempt": attempt})
        if self._done:
            self._show(self._done)

    def end_turn(self, text: str, parts: list[dict[str, Any]]) -> None:
        """Takes a turn that is done: what was said in it, and ``parts`` of calls and their results."""
        self._pieces.clear()
        self._done = BETWEEN.join(filter(None, (self._done, text)))
        self.parts += [*_text(text), *parts]

    def forget_turn(self) -> None:
        """Drops what was said in this turn, since it is to be said anew."""
        self._pieces.clear()

    def _show(self, text: str) -> None:
        self._run.append_text("message.delta", self._fields, "delta", text)


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []
