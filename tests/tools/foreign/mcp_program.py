"""A small MCP server over standard input and output, without any library, so that it starts at once."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("pid", "environment", "crash")]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    match method:
        case "initialize":
            info = {"name": "Program", "version": "1"}
            return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call" if params["name"] == "crash":
            os._exit(1)
        case "tools/call":
            text = str(os.getpid()) if params["name"] == "pid" else os.environ.get(params["arguments"]["name"], "unset")
            return {"content": [{"type": "text", "text": text}]}
        case _:
            return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        found = answer(message["method"], message.get("params", {}))
        content: dict[str, Any] = {"error": {"code": -32601, "message": "?"}} if found is None else {"result": found}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **content}) + "\n")
        sys.stdout.flush()
