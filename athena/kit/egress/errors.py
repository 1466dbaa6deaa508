"""What can go wrong with an outgoing request. Messages name the host alone: no path, query, header or body."""

from __future__ import annotations


class EgressError(Exception):
    """An outgoing request failed. ``str(error)`` is one sentence that may be shown to the caller.

    ``sent``: the request, or what it was redirected from, may have reached a host, and may have had an effect there.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class EgressRefused(EgressError):
    """The address is not one that Athena connects to; nothing was sent there."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class EgressTimeout(EgressError):
    """The host did not connect, answer or finish in the time that was given."""


class EgressConnectionFailed(EgressError):
    """No connection could be made, or it broke before the answer was complete."""


class EgressTooLarge(EgressError):
    """The answer, after decompression, is larger than what was allowed."""


class EgressProtocolError(EgressError):
    """What the host sent is not HTTP that can be read, or the request cannot be written as HTTP."""
