"""Where the nodes of a drafted workflow stand on the canvas: in columns, each after those that it depends on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

COLUMN: Final = 280
ROW: Final = 140


def place(nodes: Sequence[dict[str, Any]], edges: Sequence[Mapping[str, Any]]) -> None:
    """Gives each node a position."""
    column = {node["id"]: 0 for node in nodes}
    # As often as there are nodes; a way back to a loop moves nothing.
    for _ in nodes:
        moved = False
        for edge in edges:
            source, target = edge["source"], edge["target"]
            if source in column and target in column and edge.get("target_handle") != "next":
                wanted = min(column[source] + 1, len(nodes))
                if column[target] < wanted:
                    column[target], moved = wanted, True
        if not moved:
            break
    rows: dict[int, int] = {}
    for node in nodes:
        row = rows.get(column[node["id"]], 0)
        rows[column[node["id"]]] = row + 1
        node["position"] = {"x": column[node["id"]] * COLUMN, "y": row * ROW}
