"""The node types as they are served: what an editor or a generator needs to know of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from athena.node_types.base import EffectNode, LoopNode, NodeType, Port, Trigger, WaitNode
from athena.node_types.registry import node_types


@cache
def catalogue() -> Sequence[Mapping[str, Any]]:
    """Every type, in the order of their names."""
    return [_shown(kind) for kind in node_types().values()]


def _shown(kind: NodeType[Any]) -> Mapping[str, Any]:
    return {
        "type": kind.type,
        "name": kind.name,
        "description": kind.description,
        "category": kind.category,
        "kind": _kind(kind),
        "inputs": [_port(port) for port in kind.inputs],
        "outputs": [_port(port) for port in kind.outputs],
        "dynamic_outputs": any("output_ports" in vars(base) for base in _own(kind)),
        "config_schema": kind.config.model_json_schema(),
        "output_schema": kind.output_schema,
        "seconds": kind.seconds if isinstance(kind, EffectNode) else None,
    }


def _own(kind: NodeType[Any]) -> Sequence[type[Any]]:
    """Its class and the bases of that, without what all types have in common."""
    return [base for base in type(kind).__mro__ if base is not NodeType]


def _kind(kind: NodeType[Any]) -> str:
    match kind:
        case Trigger():
            return "trigger"
        case EffectNode():
            return "effect"
        case WaitNode():
            return "wait"
        case LoopNode():
            return "loop"
        case _:
            return "pure"


def _port(port: Port) -> Mapping[str, str]:
    return {"name": port.name, "title": port.title or port.name, "description": port.description}
