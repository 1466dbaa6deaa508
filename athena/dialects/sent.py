"""What was sent of a text that may begin anew, where what was sent cannot be taken back. Pure."""

from __future__ import annotations


class Unsayable(Exception):
    """What is to be said now is other than what was sent."""


class Sent:
    """Text that repeats what was sent is not sent again; any other is :class:`Unsayable`."""

    def __init__(self) -> None:
        self.text = ""
        """What was sent."""
        self._said = ""

    def say(self, text: str) -> None:
        """Takes the next piece."""
        self._said += text

    def restart(self) -> None:
        """Takes back what was said."""
        self._said = ""

    def news(self) -> str:
        """What of it is to be sent now, and counts as sent."""
        common = min(len(self._said), len(self.text))
        if self._said[:common] != self.text[:common]:
            raise Unsayable
        new = self._said[common:]
        if new:
            self.text = self._said
        return new

    @property
    def is_kept(self) -> bool:
        """Whether what was said now begins with what was sent."""
        return self._said.startswith(self.text)

    def rest(self, whole: str) -> str:
        """What is left to send of the text that it came to."""
        if not whole.startswith(self.text):
            raise Unsayable
        rest = whole[len(self.text) :]
        self.text = whole
        return rest
