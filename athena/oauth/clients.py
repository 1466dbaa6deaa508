"""Clients: an id is signed and holds all that was registered, so that registrations fill no table. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

import orjson

from athena.kit.crypto import Keyring

PURPOSE: Final = "oauth client"
FOR_EVER: Final = datetime(5000, 1, 1, tzinfo=UTC)
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
PRIVATE_SCHEMES: Final = frozenset({"cursor", "vscode", "vscode-insiders"})
"""Of programs that are known; any other could be one that a browser acts upon."""
LONGEST_URI: Final = 500
ADDRESS: Final = re.compile(r"[!-~]+")
PLACE: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
"""A host and a port: nothing that would mean something else in a policy."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. It has no secret: what it is given, it gets by proving that it asked (PKCE)."""

    name: str
    redirect_uris: Sequence[str]

    def sealed(self, keyring: Keyring) -> str:
        """Its id."""
        facts = base64.urlsafe_b64encode(orjson.dumps([self.name, list(self.redirect_uris)])).decode().rstrip("=")
        return f"{facts}.{keyring.sign(PURPOSE, facts, FOR_EVER)}"

    @classmethod
    def opened(cls, client_id: str, keyring: Keyring) -> Self | None:
        """The client with this id; ``None`` for one that was never registered here."""
        facts, _, signature = client_id.partition(".")
        if not client_id.isascii() or not keyring.verify(PURPOSE, facts, signature):
            return None
        name, redirect_uris = orjson.loads(base64.urlsafe_b64decode(facts + "=" * (-len(facts) % 4)))
        return cls(name, redirect_uris)

    def may_return_to(self, uri: str) -> bool:
        """Whether it registered this address; on the user's own machine, the port is the system's to choose."""
        return any(uri == known or _same_but_port(uri, known) for known in self.redirect_uris)


def problem(uri: str) -> str | None:
    """Why a client cannot have its users sent to this address; ``None`` when it can."""
    parts = _split(uri)
    if parts is None or len(uri) > LONGEST_URI or not ADDRESS.fullmatch(uri) or "\\" in uri:
        return "It is no address, or too long."
    if "#" in uri or not PLACE.fullmatch(parts.netloc):
        return "It must name a host, and have no credentials and no fragment."
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return None
    if parts.scheme in PRIVATE_SCHEMES:
        return None
    return "It must begin with https://, or lead to this machine (http://127.0.0.1, http://localhost)."


def leads_to_a_site(uri: str) -> bool:
    """Whether it leads to another machine, and not to a program on the user's own."""
    return urlsplit(uri).scheme == "https"


def origin_of(uri: str) -> str:
    """What a policy must allow so that a form may lead there."""
    parts = urlsplit(uri)
    # Policies name no host of a private scheme, and none by its address of version 6.
    is_nameless = parts.scheme in PRIVATE_SCHEMES or "[" in parts.netloc
    return f"{parts.scheme}:" if is_nameless else f"{parts.scheme}://{parts.netloc}"


def client_hash(client_id: str) -> bytes:
    """What is stored of a client's id."""
    return hashlib.sha256(client_id.encode()).digest()


def proves(verifier: str, challenge: str) -> bool:
    """Whether ``challenge`` was made from ``verifier`` (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge


def _same_but_port(uri: str, known: str) -> bool:
    given, wanted = _split(uri), _split(known)
    if given is None or wanted is None or problem(uri) is not None:
        return False
    if wanted.scheme != "http" or wanted.hostname not in LOOPBACK:
        return False
    return _without_port(given) == _without_port(wanted)


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
