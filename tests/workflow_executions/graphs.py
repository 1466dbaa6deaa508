"""Draws random graphs of pure nodes."""

from __future__ import annotations

import random
from typing import Any

MEASURE = (
    "(type(input) == int ? input : type(input) == list ? size(input) * 7 : has(input.v) ? input.v "
    ": input.count + size(input.results))"
)
KINDS = ("set", "set", "set", "if", "if", "merge", "loop")


class Drawing:
    """One graph, drawn node by node; each gets edges from nodes before it in the same scope."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes: list[dict[str, Any]] = [{"id": "n0", "type": "manual_trigger"}]
        self.edges: list[dict[str, Any]] = []
        self._scope([("n0", None)], self.random.randint(1, 9), depth=0, known=["n0"])
        self.random.shuffle(self.edges)

    @property
    def body(self) -> dict[str, Any]:
        """The workflow, as it is sent."""
        own = {"looks_at"}
        nodes = [{key: value for key, value in node.items() if key not in own} for node in self.nodes]
        return {"name": "Drawn", "nodes": nodes, "edges": self.edges}

    def _scope(
        self, sources: list[tuple[str, str | None]], count: int, depth: int, known: list[str]
    ) -> list[tuple[str, str | None]]:
        """Adds ``count`` nodes; the ports from which edges may begin."""
        known = list(known)
        for _ in range(count):
            kind = self.random.choice(KINDS if depth < 2 else KINDS[:-1])
            name = f"n{len(self.nodes)}"
            node: dict[str, Any] = {"id": name, "type": kind, "looks_at": []}
            self.nodes.append(node)
            for source, port in self.random.sample(sources, min(len(sources), self.random.choice((1, 1, 2, 3)))):
                self._edge(source, name, port)
            ports: list[str | None] = [None]
            match kind:
                case "set":
                    node["looks_at"] = self.random.sample(known, min(len(known), 2))
                    looks = "".join(f" + (has(nodes.{other}) ? 1 : 0)" for other in self._upstream(name, node))
                    node["data"] = {"fields": {"v": f"{{{{ {MEASURE}{looks} }}}}"}}
                case "if":
                    node["data"] = {"condition": f"{{{{ {MEASURE} % 2 == 0 }}}}"}
                    ports = ["true", "false"]
                case "loop":
                    node["data"] = {
                        "items": f"{{{{ [0, 1, 2].filter(n, n < {MEASURE} % 4) }}}}",
                        "concurrency": self.random.choice((1, 1, 3)),
                    }
                    ends = self._scope([(name, "item")], self.random.randint(1, 4), depth + 1, known)
                    for source, port in self.random.sample(ends, min(len(ends), self.random.randint(0, 2))):
                        if source != name:
                            self._edge(source, name, port, "next")
                    ports = ["done"]
                case _:
                    pass
            sources = [*sources, *((name, port) for port in ports)]
            known.append(name)
        return sources

    def _upstream(self, name: str, node: dict[str, Any]) -> list[str]:
        """Those of the nodes that it would look at that come before it; others may not be named."""
        before: set[str] = set()
        left = [name]
        while left:
            found = {edge["source"] for edge in self.edges if edge["target"] == left[-1] and not edge["target_handle"]}
            left.pop()
            left += found - before
            before |= found
        loops = {edge["source"] for edge in self.edges if edge["source_handle"] == "item"}
        node["looks_at"] = [other for other in node["looks_at"] if other in before and other not in loops]
        return node["looks_at"]

    def _edge(self, source: str, target: str, port: str | None, target_port: str | None = None) -> None:
        condition = f"{{{{ {MEASURE} % 3 != 0 }}}}" if self.random.random() < 0.15 else None
        edge = {"source": source, "target": target, "source_handle": port, "target_handle": target_port}
        self.edges.append({**edge, "condition": condition})
