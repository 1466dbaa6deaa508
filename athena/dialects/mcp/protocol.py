"""The protocol's two generations: sessions begun by ``initialize``, and requests that bring everything along. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from athena import __version__
from athena.dialects.rpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Message,
    Object,
    ProtocolError,
)

VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Of the protocol with sessions, the newest last."""
SINGLE: Final = "2026-07-28"
"""The version whose requests stand alone."""
UNSAID: Final = "2025-03-26"
"""The version of who does not say one."""
SESSION_HEADER: Final = "Mcp-Session-Id"
VERSION_HEADER: Final = "MCP-Protocol-Version"
NAMES: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The parameter that the header ``Mcp-Name`` repeats."""
NOTHING: Final[Object] = {}
META: Final = "io.modelcontextprotocol/"
SERVER: Final = {"name": "athena", "title": "Athena", "version": __version__}
CAPABILITIES: Final = {
    "tools": {"listChanged": False},
    "prompts": {"listChanged": False},
    "resources": {"subscribe": False, "listChanged": False},
}
INSTRUCTIONS: Final = (
    "Tools are the agents and workflows of one workspace; each call is a run, whose result can also be read at "
    "athena://runs/{uuid}. Memories and threads are resources, prompts are prompts."
)


@dataclass(frozen=True, slots=True)
class Generation:
    """How a client speaks: its version, whether that has sessions, and whether its user can be asked."""

    version: str
    has_sessions: bool
    elicits: bool = False


def of_request(message: Message, headers: Mapping[str, str]) -> Generation:
    """How the sender of a message speaks; :class:`ProtocolError` when head and body do not agree."""
    said = headers.get(VERSION_HEADER)
    meta = message.params.get("_meta")
    known: Object = cast("Object", meta) if isinstance(meta, dict) else NOTHING
    if said is None and f"{META}protocolVersion" not in known:
        return Generation(UNSAID, has_sessions=True)
    if said in VERSIONS:
        return Generation(said, has_sessions=True)
    if message.id is None or message.method is None:
        _check_version(said)
        return Generation(SINGLE, has_sessions=False)
    return _alone(message, headers, known)


def _alone(message: Message, headers: Mapping[str, str], meta: Object) -> Generation:
    """How a request that stands alone says that it speaks."""
    for name in ("protocolVersion", "clientCapabilities"):
        if f"{META}{name}" not in meta:
            raise ProtocolError(f"`params._meta` lacks {META}{name}.", INVALID_PARAMS)
    version = meta[f"{META}protocolVersion"]
    if headers.get(VERSION_HEADER) != version:
        raise ProtocolError(f"{VERSION_HEADER} is not what the body says.", HEADER_MISMATCH)
    if headers.get("Mcp-Method") != message.method:
        raise ProtocolError("Mcp-Method is not the body's method.", HEADER_MISMATCH)
    named = NAMES.get(message.method or "")
    if named is not None and named in message.params and _plain(headers.get("Mcp-Name")) != message.params[named]:
        raise ProtocolError(f"Mcp-Name is not the body's `{named}`.", HEADER_MISMATCH)
    _check_version(version)
    return Generation(SINGLE, has_sessions=False, elicits=elicits(meta[f"{META}clientCapabilities"]))


def _check_version(version: object) -> None:
    if version != SINGLE:
        data = {"supported": [SINGLE, *reversed(VERSIONS)], "requested": str(version)[:64]}
        raise ProtocolError("This version of the protocol is not known.", UNSUPPORTED_VERSION, data)


def _plain(value: str | None) -> str | None:
    """A header's value, which is encoded where it could not be one as it is."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def elicits(capabilities: object) -> bool:
    """Whether a client says that it can show its user a form."""
    told: Object = cast("Object", capabilities) if isinstance(capabilities, dict) else NOTHING
    said = told.get("elicitation")
    if not isinstance(said, dict):
        return False
    # An empty object means forms, since they came first.
    return not said or "form" in said


def negotiated(wanted: object) -> str:
    """The version that an ``initialize`` comes to."""
    return wanted if isinstance(wanted, str) and wanted in VERSIONS else VERSIONS[-1]


def initialized(version: str) -> dict[str, Any]:
    """What ``initialize`` answers."""
    return {
        "protocolVersion": version,
        "capabilities": CAPABILITIES,
        "serverInfo": SERVER,
        "instructions": INSTRUCTIONS,
    }


def discovered() -> dict[str, Any]:
    """What ``server/discover`` answers."""
    return {"supportedVersions": [SINGLE], "capabilities": CAPABILITIES, "instructions": INSTRUCTIONS}


def stamped(value: Object, generation: Generation, *, cacheable: bool) -> dict[str, Any]:
    """A result with what each has in the generation without sessions."""
    if generation.has_sessions:
        return dict(value)
    private = {"ttlMs": 0, "cacheScope": "private"} if cacheable else {}
    return {"resultType": "complete", **private, **value, "_meta": {f"{META}serverInfo": SERVER}}
