"""A request to somebody else's server, and what its answer's status and body mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing, so that a request may be sent again."""
EXCERPT: Final = 1_000
"""Characters of an answer's body that an error shows."""
FIRST_SERVER_ERROR: Final = 500
PASSING: Final = frozenset({408, 425, 429})
GATEWAYS: Final = frozenset({502, 504})
"""Who answers is not who was asked, and nobody knows how far that one came."""
_PORTS: Final = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request. Its parts may be secret, so nothing of it is shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    follow_redirects: bool = False


def status_may_pass(status: int) -> bool:
    """Whether the same request may succeed a little later."""
    return status in PASSING or status >= FIRST_SERVER_ERROR


def excerpt_of(body: bytes) -> str:
    """The beginning of a body as text."""
    return body[: EXCERPT * 4].decode("utf-8", "replace").replace("\0", "\ufffd")[:EXCERPT]


def origin(url: str) -> Origin:
    """Scheme, host and port of ``url``; :class:`ValueError` when it is no http or https URL with a host."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _PORTS or not host:
        raise ValueError("It is not an http or https URL with a host.")
    return scheme, host, parts.port or _PORTS[scheme]
