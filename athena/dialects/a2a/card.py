"""An agent's card: who it is, how it is reached, and what callers need. Pure."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from athena.kit.db import Row

VERSION: Final = "1.0"
"""Of the protocol."""
JSON: Final = "application/json"
TEXT: Final = "text/plain"
INPUT_MODES: Final = (TEXT, JSON, "text/markdown", "text/csv", "image/png", "image/jpeg", "image/gif", "image/webp")


def output_modes(agent: Row) -> list[str]:
    """What it answers with."""
    return [TEXT, JSON] if agent["output_schema"] else [TEXT]


def card(agent: Row, base_url: str, scope: str, workspace_uuid: UUID | None) -> dict[str, Any]:
    """The card of an agent's row. ``workspace_uuid``: where the request named one, so that its addresses do, too."""
    base_url = base_url.rstrip("/")
    address = f"{base_url}/a2a/{agent['uuid']}"
    named = f"?{urlencode({'workspace_uuid': workspace_uuid})}" if workspace_uuid else ""
    bindings = [("JSONRPC", f"{address}{named}")]
    if not named:
        # Clients put the method's path behind an address, where a query would be in the way.
        bindings.append(("HTTP+JSON", address))
    description = agent["description"] or f"The agent {agent['name']}."
    return {
        "name": agent["name"],
        "description": description,
        "version": str(agent["version"]),
        "supportedInterfaces": [
            {"url": url, "protocolBinding": binding, "protocolVersion": VERSION} for binding, url in bindings
        ],
        "capabilities": {"streaming": True, "pushNotifications": True, "extendedAgentCard": False},
        "securitySchemes": _schemes(base_url, scope),
        "securityRequirements": [{"schemes": {"bearer": {}}}, {"schemes": {"oauth": {"list": [scope]}}}],
        "defaultInputModes": list(INPUT_MODES),
        "defaultOutputModes": output_modes(agent),
        "skills": [
            {"id": "answer", "name": agent["name"], "description": description, "tags": agent["tags"] or ["agent"]}
        ],
    }


def _schemes(base_url: str, scope: str) -> dict[str, Any]:
    flow = {
        "authorizationUrl": f"{base_url}/oauth/authorize",
        "tokenUrl": f"{base_url}/oauth/token",
        "refreshUrl": f"{base_url}/oauth/token",
        "scopes": {scope: "What an operator may with agents, threads and runs."},
        "pkceRequired": True,
    }
    metadata = f"{base_url}/.well-known/oauth-authorization-server"
    return {
        "bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer", "description": "A token of Athena's."}},
        "oauth": {"oauth2SecurityScheme": {"flows": {"authorizationCode": flow}, "oauth2MetadataUrl": metadata}},
    }
