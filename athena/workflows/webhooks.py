"""The addresses by which workflows are called from outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TYPE = "webhook_trigger"


def describe_webhook(row: Mapping[str, Any], base_url: str) -> dict[str, Any] | None:
    """How the first webhook trigger of a workflow is called; ``None`` where there is none."""
    node = next((node for node in row["nodes"] if node["type"] == TYPE and not node.get("disabled")), None)
    if node is None:
        return None
    data: Mapping[str, Any] = node["data"]
    authentication: Mapping[str, Any] = data.get("authentication") or {}
    return {
        "url": f"{base_url}/hooks/{row['webhook_token']}",
        "method": ",".join(data.get("methods") or ["POST"]),
        "authentication": authentication.get("type", "none"),
        "response_mode": data.get("response_mode", "immediately"),
    }
