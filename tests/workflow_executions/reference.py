"""A small interpreter of pure graphs, written from the documentation alone: what the real one is compared with.

It knows the nodes that :mod:`tests.workflow_executions.graphs` draws: `set`, `if`, `merge`, `loop`; and conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING = object()
Graph = Mapping[str, Any]


def interpret(graph: Graph, given: Any) -> tuple[Any, dict[str, list[Any]]]:
    """The execution's output, and each node's outputs in the order of the passes."""
    outputs: dict[str, list[Any]] = {node["id"]: [] for node in graph["nodes"]}
    return _pass(graph, None, given, outputs, set())[0], outputs


def inside(graph: Graph, loop: str) -> set[str]:
    """The nodes in a loop's body, those of loops within it included."""
    found: set[str] = set()
    left = [edge["target"] for edge in graph["edges"] if (edge["source"], edge["source_handle"]) == (loop, "item")]
    while left:
        node = left.pop()
        if node not in found and node != loop:
            found.add(node)
            left += [edge["target"] for edge in graph["edges"] if edge["source"] == node]
    return found


def _pass(graph: Graph, loop: str | None, begin: Any, outputs: dict[str, list[Any]], seen: set[str]) -> tuple[Any, Any]:
    """One pass over the nodes of the whole graph or a loop's body: its last value, and what came back to the loop."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    bodies = {node: inside(graph, node) for node in nodes if nodes[node]["type"] == "loop"}
    here = bodies[loop] if loop else set(nodes)
    here = here - {inner for other, body in bodies.items() if other in here and other != loop for inner in body}
    arrived: dict[str, dict[int, Any]] = {node: {} for node in here}
    back: dict[int, Any] = {}
    ended: dict[int, Any] = {}
    seen = set(seen)
    for place, edge in enumerate(graph["edges"]):
        if loop and (edge["source"], edge["source_handle"]) == (loop, "item") and _passes(edge, begin):
            arrived[edge["target"]][place] = begin
    # The generator numbers nodes so that each comes after those that it depends on.
    for name in sorted(here, key=lambda node: int(node[1:])):
        node = nodes[name]
        given = [begin] if node["type"] == "manual_trigger" else _in_order(arrived[name])
        if not given:
            continue
        ports = _run(graph, node, given, outputs, seen)
        outputs[name].append(next(iter(ports.values())))
        seen.add(name)
        went_on = False
        for place, edge in enumerate(graph["edges"]):
            port = edge["source_handle"] or "output"
            if edge["source"] == name and port in ports and _passes(edge, ports[port]):
                went_on = True
                leads_back = edge["target"] == loop and edge["target_handle"] == "next"
                (back if leads_back else arrived[edge["target"]])[place] = ports[port]
        if not went_on:
            ended[graph["nodes"].index(node)] = next(iter(ports.values()))
    return next(reversed(_in_order(ended)), NOTHING), next(iter(_in_order(back)), NOTHING)


def _in_order(values: Mapping[int, Any]) -> list[Any]:
    return [values[place] for place in sorted(values)]


def _run(graph: Graph, node: Graph, given: list[Any], outputs: dict[str, list[Any]], seen: set[str]) -> dict[str, Any]:
    match node["type"]:
        case "set":
            return {"output": {"v": measure(given[0]) + sum(other in seen for other in node["looks_at"])}}
        case "if":
            return {"true" if measure(given[0]) % 2 == 0 else "false": given[0]}
        case "merge":
            return {"output": given}
        case "loop":
            items = range(measure(given[0]) % 4)
            results = [_pass(graph, node["id"], item, outputs, seen)[1] for item in items]
            kept = [result for result in results if result is not NOTHING]
            return {"done": {"results": kept, "failed": [], "count": len(items)}}
        case _:
            return {"output": given[0]}


def measure(value: Any) -> int:
    """What the graphs' expressions compute of any value that goes along."""
    if isinstance(value, list):
        return len(value) * 7
    if isinstance(value, dict):
        return value["v"] if "v" in value else value["count"] + len(value["results"])
    return value


def _passes(edge: Graph, value: Any) -> bool:
    return not edge["condition"] or measure(value) % 3 != 0
