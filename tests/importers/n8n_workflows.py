"""Workflows as n8n exports them, put together of nodes."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from athena.importers.conversion import Imported, convert
from athena.importers.kinds import Kind
from tests.importers.conftest import sound

Node = dict[str, Any]
Way = tuple[Any, ...]


def node(name: str, kind: str, parameters: dict[str, Any] | None = None, version: float = 3, **more: Any) -> Node:
    prefix = "@n8n/n8n-nodes-langchain." if kind in LANGCHAIN or kind.startswith(("lm", "tool")) else "n8n-nodes-base."
    given = {"name": name, "type": f"{prefix}{kind}", "typeVersion": version, "position": [0, 0]}
    return {**given, "parameters": parameters or {}, **more}


LANGCHAIN = {"agent", "chainLlm", "chatTrigger", "memoryBufferWindow", "outputParserStructured", "openAi"}
START = node("Start", "manualTrigger", version=1)


def workflow(*given: Node | Way, name: str = "W", **more: Any) -> bytes:
    """Nodes, and ways ``(from, to, output=0, input=0, kind="main")``; without ways the nodes follow one another."""
    all_nodes = [each for each in given if isinstance(each, dict)]
    ways = [each for each in given if isinstance(each, tuple)]
    if not ways:
        ways = [(one["name"], two["name"]) for one, two in pairwise(all_nodes)]
    connections: dict[str, dict[str, list[Any]]] = {}
    for way in ways:
        given_way: tuple[Any, ...] = (*way, *(0, 0, "main")[len(way) - 2 :])
        source, target, output, into, kind = given_way
        outputs = connections.setdefault(source, {}).setdefault(kind, [])
        while len(outputs) <= output:
            outputs.append([])
        outputs[output].append({"node": target, "type": kind, "index": into})
    return json.dumps({"name": name, "nodes": all_nodes, "connections": connections, **more}).encode()


def imported(*given: Node | Way, **more: Any) -> Imported:
    return sound(convert(workflow(*given, **more), Kind.N8N))


def fields(**values: Any) -> dict[str, Any]:
    """Parameters of a node that sets fields."""
    rows = [{"name": name, "type": "string", "value": value} for name, value in values.items()]
    return {"assignments": {"assignments": rows}}
