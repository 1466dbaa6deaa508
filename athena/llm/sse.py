"""An incremental parser of server-sent events, for the payloads alone: each dialect repeats the event's name inside."""

from __future__ import annotations

MAX_EVENT_BYTES = 32 * 1024 * 1024


class EventTooLargeError(Exception):
    """One event is larger than any that a model sends."""


class SseParser:
    """Turns chunks of bytes, cut anywhere, into the ``data`` of the events that are complete.

    Understands LF, CRLF and CR, comments, data over several lines, a byte order mark; ignores other fields.
    """

    __slots__ = ("_after_cr", "_data", "_fresh", "_held", "_partial")

    def __init__(self) -> None:
        self._partial: list[bytes] = []
        self._data: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._fresh = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads of the events that ``chunk`` completes.

        Raises:
            EventTooLargeError: an event does not end.
        """
        # Nearly every chunk of a slow stream is one whole event of one line.
        if (
            not self._held
            and not self._after_cr
            and chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
        ):
            self._fresh = False
            return [chunk[6:-2]]
        return self._feed_lines(self._unified(chunk))

    def flush(self) -> list[bytes]:
        """What is left at the end of the stream: an event whose closing blank line is missing, if there is one."""
        found = self._feed_lines(b"\n\n") if self._held else []
        return [payload for payload in found if payload]

    def _unified(self, chunk: bytes) -> bytes:
        """``chunk`` with LF as its only line end."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _feed_lines(self, chunk: bytes) -> list[bytes]:
        head, newline, rest = chunk.partition(b"\n")
        self._held += len(head)
        if self._held > MAX_EVENT_BYTES:
            raise EventTooLargeError
        if not newline:
            # Pieces of a long line are joined once, at its end: joining at each chunk would take quadratic time.
            if head:
                self._partial.append(head)
            return []
        if self._partial:
            self._partial.append(head)
            head = b"".join(self._partial)
            self._partial.clear()
        payloads: list[bytes] = []
        lines = rest.split(b"\n")
        last = lines.pop()
        self._line(head, payloads)
        for line in lines:
            self._line(line, payloads)
        if last:
            self._partial.append(last)
        self._held = len(last) + sum(map(len, self._data)) + len(self._data)
        return payloads

    def _line(self, line: bytes, payloads: list[bytes]) -> None:
        if self._fresh:
            self._fresh = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._data:
                payloads.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data.clear()
        elif line.startswith(b"data:"):
            self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        elif line == b"data":
            self._data.append(b"")
