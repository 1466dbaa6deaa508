"""What a user is told while a run goes on. Pure."""

from __future__ import annotations

from typing import Any, Final

SAID: Final = {"run.started": "Started.", "message.restarted": "The answer begins anew."}


def progress(event_type: str, data: dict[str, Any]) -> str | None:
    """What a user is told of an event; ``None`` where that is nothing."""
    match event_type:
        case "message.delta":
            return data["delta"]
        case "run.started" | "message.restarted":
            return SAID[event_type]
        case "tool_call.started":
            return f"{data['name']} is called."
        case "tool_call.completed":
            return f"{data['name']} has answered."
        case "node.started" | "node.completed" | "node.failed":
            return f"{data['node_id']}: {event_type.removeprefix('node.')}."
        case _:
            return None
