"""What can go wrong with an outgoing request. Messages name the host alone: no path, query, header or body."""

from __future__ import annotations

from typing import ClassVar


class EgressError(Exception):
    """An outgoing request failed. ``str(error)`` is one sentence that may be shown to the caller.

    ``sent``: the request, or what it was redirected from, may have reached a host, and may have had an effect there.
    """

    code: ClassVar[str] = "protocol_error"
    """What an API calls it."""
    may_pass: ClassVar[bool] = False
    """Whether the same request may succeed a little later."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class EgressRefused(EgressError):
    """The address is not one that Athena connects to; nothing was sent there."""

    code = "address_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class EgressTimeout(EgressError):
    """The host did not connect, answer or finish in the time that was given."""

    code = "timeout"
    may_pass = True


class EgressConnectionFailed(EgressError):
    """No connection could be made, or it broke before the answer was complete."""

    code = "connection_failed"
    may_pass = True


class EgressTooLarge(EgressError):
    """The answer, after decompression, is larger than what was allowed."""

    code = "response_too_large"


class EgressProtocolError(EgressError):
    """What the host sent is not HTTP that can be read, or the request cannot be written as HTTP."""
