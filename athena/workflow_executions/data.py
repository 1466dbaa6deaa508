"""An execution's data: what its log and its graph tell of each node. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from athena.engine.events import encode
from athena.kit import clock
from athena.node_types.base import ERROR, NodeType
from athena.workflow_executions.journal import EXCERPT, REDACTED, Path

MAXIMUM_DATA: Final = 2_000_000
"""Bytes of JSON of all values together that are shown with an execution; of further ones there is their begin."""

Found = dict[str, Any]
Types = Mapping[str, NodeType[Any]]
Link = Callable[[int, str], str]
"""The address of what a node gave: of the event that tells of it, and the port."""


@dataclass(slots=True)
class Value:
    """What went along an edge, as it is known."""

    data: Any
    url: str = ""
    """The address of the whole, if there is one."""
    is_cut: bool = False
    """Whether ``data`` is its begin already."""


@dataclass(slots=True)
class Told:
    """What the log tells of a node in one pass."""

    node_id: str
    node_type: str
    status: str = "running"
    attempts: int = 1
    repeated: bool = False
    outputs: dict[str, Value] = field(default_factory=dict[str, Value])
    input: Value | None = None
    input_from: Sequence[str] | None = None
    error: Found | None = None
    handled: str | None = None
    usage: Found | None = None
    details: Found = field(default_factory=dict[str, Any])
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: int | None = None


def gather(events: Iterable[tuple[int, str, Mapping[str, Any]]], link: Link) -> dict[tuple[str, Path], Told]:
    """By node and pass, what events (id, type, data), in order, tell."""
    found: dict[tuple[str, Path], Told] = {}
    for event_id, kind, data in events:
        key = (data["node_id"], tuple(data["path"]))
        told = found.setdefault(key, Told(data["node_id"], data["node_type"]))
        _take(told, event_id, kind, data, link)
    return found


def _take(told: Told, event_id: int, kind: str, data: Mapping[str, Any], link: Link) -> None:
    if "input" in data:
        told.input = Value(data["input"])
    told.input_from = data.get("input_from", told.input_from)
    told.started_at = told.started_at or data["at"]
    told.usage = data.get("usage", told.usage)
    if kind == "node.completed":
        told.status = "reused" if data.get("reused") else "succeeded"
        cut = data.get("truncated", ())
        for port, value in data["outputs"].items():
            told.outputs[port] = Value(value, "" if value == REDACTED else link(event_id, port), port in cut)
        told.details = data.get("details", {})
        told.error = None
    elif kind == "node.failed":
        told.status, told.error, told.handled = "failed", data["error"], data["handled"]
    elif kind == "node.retrying":
        told.attempts, told.error = data["attempt"], data["error"]
        return
    elif kind == "node.repeated":
        told.repeated = True
        return
    elif "until" in data:
        told.status = "waiting"
        told.details = {name: value for name, value in data.items() if name not in _ABOUT}
        return
    else:
        return
    told.attempts = data.get("attempts", told.attempts)
    told.finished_at = data["at"]
    told.duration_ms = data.get("duration_ms", _milliseconds(told.started_at or data["at"], data["at"]))


def _milliseconds(begin: str, end: str) -> int:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() * 1000)


_ABOUT: Final = frozenset({"run_uuid", "at", "node_id", "node_type", "path", "input", "input_from"})


class Nodes:
    """A version's nodes with what leads to them, and what became of each."""

    def __init__(
        self, nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]], types: Types, *, ended: bool
    ) -> None:
        self._specs = {node["id"]: node for node in nodes}
        self._types = types
        self._ended = ended
        self._leads_to: dict[str, list[tuple[str, str]]] = {}
        for edge in edges:
            source, target = self._specs.get(edge["source"]), self._specs.get(edge["target"])
            if (
                source
                and target
                and (edge.get("target_handle") or self._first_input(target)) == self._first_input(target)
            ):
                port = edge.get("source_handle") or self._first_output(source)
                self._leads_to.setdefault(edge["target"], []).append((edge["source"], port))

    def sources(self, node_id: str) -> list[str]:
        """The nodes from which its input may come."""
        return [source for source, _ in self._leads_to.get(node_id, ())]

    def _first_input(self, spec: Mapping[str, Any]) -> str:
        kind = self._types.get(spec["type"])
        return kind.inputs[0].name if kind and kind.inputs else ""

    def _first_output(self, spec: Mapping[str, Any]) -> str:
        kind = self._types.get(spec["type"])
        ports = kind.output_ports(spec["data"]) if kind else ()
        return ports[0].name if ports else ""

    def describe(self, node_id: str, path: Path, told: Mapping[tuple[str, Path], Told], room: Room) -> Found:
        """What became of a node in one pass."""
        spec = self._specs.get(node_id)
        this = told.get((node_id, path))
        secret = bool(spec and spec.get("redact"))
        given = self.input(node_id, path, told) if this else None
        gave = self.outputs(node_id, path, told) if this else {}
        # The first one is shown twice.
        outputs = {port: room.show(value, times=1 if n else 2) for n, (port, value) in enumerate(gave.items())}
        status = self._status(this)
        return {
            "node_id": node_id,
            "node_type": this.node_type if this else spec["type"] if spec else "",
            "status": status,
            "attempts": this.attempts if this else 0,
            "repeated": this.repeated if this else False,
            "input": None if given is None else REDACTED if secret else room.show(given),
            "output": next(iter(outputs.values()), None),
            "outputs": outputs,
            "error": this.error if this else None,
            "usage": this.usage if this else None,
            "details": this.details if this else {},
            "started_at": this.started_at if this else None,
            "finished_at": this.finished_at if this else None,
            "duration_ms": this.duration_ms if this else None,
        }

    def _status(self, told: Told | None) -> str:
        if told is None:
            return "skipped" if self._ended else "pending"
        return "cancelled" if self._ended and told.finished_at is None else told.status

    def outputs(self, node_id: str, path: Path, told: Mapping[tuple[str, Path], Told]) -> dict[str, Value]:
        """What a node gave, at whatever ports; also one that failed and let the others go on, or was passed over."""
        this, spec = told.get((node_id, path)), self._specs.get(node_id)
        if this is None:
            if not (spec and spec.get("disabled")):
                return {}
            given = self.input(node_id, path, told)
            return {self._first_output(spec): given} if given else {}
        if this.status == "failed" and this.handled == "continue" and spec:
            return {self._first_output(spec): Value(spec.get("default_output"))}
        if this.status == "failed" and this.handled == "branch":
            return {ERROR: Value({"error": this.error, "node_id": node_id})}
        return this.outputs

    def input(self, node_id: str, path: Path, told: Mapping[tuple[str, Path], Told]) -> Value | None:
        """What came to a node: what the log says, or by the first edge over which something can have come."""
        this = told.get((node_id, path))
        if this and this.input is not None:
            return this.input
        known = [tuple(this.input_from)] if this and this.input_from else self._leads_to.get(node_id, [])
        for source, port in known:
            value = self.outputs(source, path, told).get(port)
            if value is not None:
                return value
        return None

    def all(self, told: Mapping[tuple[str, Path], Told], totals: Iterable[Mapping[str, Any]], room: Room) -> Found:
        """What became of every node, by its id; of those in loops with their items together."""
        names = dict.fromkeys([*self._specs, *(node_id for node_id, _ in told)])
        found = {name: {**self.describe(name, (), told, room), "items": None, "failed_items": None} for name in names}
        for row in totals:
            blank = found.get(row["node_id"]) or self.describe(row["node_id"], (), {}, room)
            found[row["node_id"]] = {**blank, **self._together(row)}
        return found

    def _together(self, row: Mapping[str, Any]) -> Found:
        used = {name: row[name] for name in ("input_tokens", "output_tokens", "cost")}
        return {
            "node_type": row["node_type"],
            "status": self._status_together(row),
            "attempts": row["attempts"],
            "repeated": row["repeated"],
            "usage": None if row["cost"] is None else used,
            "started_at": clock.rfc3339_or_none(row["started_at"]),
            "finished_at": None if row["open"] and not self._ended else clock.rfc3339_or_none(row["finished_at"]),
            "duration_ms": row["duration_ms"],
            "items": row["items"],
            "failed_items": row["failed"],
        }

    def _status_together(self, row: Mapping[str, Any]) -> str:
        if row["failed"]:
            return "failed"
        if row["open"]:
            return "cancelled" if self._ended else "waiting" if row["waiting"] == row["open"] else "running"
        return "reused" if row["reused"] == row["items"] else "succeeded"


class Room:
    """How much of an execution's values is still to be shown."""

    def __init__(self, left: int = MAXIMUM_DATA) -> None:
        self._left = left

    def show(self, value: Value, times: int = 1) -> Any:
        """The value, or its begin and where the whole is."""
        if value.is_cut:
            return {**value.data, "url": value.url}
        text = encode(value.data).encode()
        if len(text) * times <= max(self._left, EXCERPT) or not value.url:
            self._left -= len(text) * times
            return value.data
        begin = text[:EXCERPT].decode(errors="ignore")
        return {"truncated": True, "size": len(text), "begin": begin, "url": value.url}
