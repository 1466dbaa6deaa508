"""What an execution tells of its nodes: events of its log, each with what may be shown of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import orjson

from athena.engine import Event, StepResult, StoredEvent
from athena.engine.events import encode
from athena.node_types.base import Emit, NodeFailed, Result, Usage, Wait
from athena.workflows.graph import GraphNode

MAXIMUM_VALUE: Final = 5_000_000
"""Bytes of JSON that a node may give."""
SHOWN_VALUE: Final = 65_536
"""Bytes of JSON of a value that stand in its event; of a longer one there is its begin."""
MAXIMUM_KEPT: Final = 50_000_000
"""Bytes of JSON of such values that an execution keeps whole beside their events."""
EXCERPT: Final = 1_000
REDACTED: Final = "[redacted]"

Path = tuple[int, ...]
"""The number of the item in each loop around a node, the outermost first; empty outside of loops."""


class Run(Protocol):
    """What the interpreter needs of :class:`athena.engine.RunContext`."""

    @property
    def run_uuid(self) -> UUID:
        """The run's id."""
        ...

    @property
    def resumed(self) -> bool:
        """Whether it was at work before."""
        ...

    @property
    def signalled(self) -> asyncio.Event:
        """Set when a signal has come."""
        ...

    async def history(self) -> list[StoredEvent]:
        """Its events so far."""
        ...

    def note(self, kind: str, data: Mapping[str, Any], record: Any = None) -> None:
        """Logs an event that nobody waits for, with what is kept beside it."""
        ...

    def emit(self, kind: str, data: Mapping[str, Any]) -> None:
        """Logs an event."""
        ...

    def recorded(self, key: str) -> Any:
        """The record of a step that is done."""
        ...

    async def step(
        self,
        key: str,
        execute: Callable[[int], Awaitable[StepResult]],
        *,
        started: Event | None = None,
        repeatable: bool = True,
    ) -> Any:
        """Does something once; its record."""
        ...

    async def arrived(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        """Of waits, those that have come to an end."""
        ...

    async def wait_for_any(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        """The same, once there is one."""
        ...


def place(node_id: str, path: Path) -> str:
    """A node's name in one pass of the loops around it; the key of its step, and the name of its signal."""
    return f"{node_id}@{'.'.join(map(str, path))}" if path else node_id


class Journal:
    """Writes the events of an execution's nodes. After a crash, those that are there already are not written again."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._logged: set[tuple[str, str]] = set()
        self._room = MAXIMUM_KEPT
        self.tries: dict[str, int] = {}
        """Of nodes at work when the execution was interrupted, how often they had failed by then."""

    async def resume(self) -> None:
        """Reads what was written before the execution was interrupted."""
        if not self._run.resumed:
            return
        for event in await self._run.history():
            if event.type.startswith("node."):
                data = orjson.loads(event.data)
                key = place(data["node_id"], tuple(data["path"]))
                self._logged.add((event.type, key))
                if event.type == "node.retrying":
                    self.tries[key] = data["attempt"]

    def started(self, node: GraphNode, path: Path, **facts: Any) -> Event:
        """That a node begins."""
        return Event("node.started", {**_about(node, path), **facts})

    def completed(self, node: GraphNode, path: Path, result: Result, **facts: Any) -> Event:
        """That a node gave something; ``truncated`` names the ports of which there is the begin alone."""
        outputs: dict[str, Any] = {}
        cut: list[str] = []
        for port, value in result.outputs.items():
            outputs[port], is_cut = shown(value, redact=node.spec.redact)
            if is_cut:
                cut.append(port)
        more = {"details": result.details} if result.details else {}
        if cut:
            more = {**more, "truncated": cut}
        usage = {"usage": usage_of(result.usage)} if result.usage else {}
        return Event("node.completed", {**_about(node, path), "outputs": outputs, **usage, **more, **facts})

    def failed(self, node: GraphNode, path: Path, error: Mapping[str, Any], **facts: Any) -> Event:
        """That a node failed, and how the execution goes on."""
        data = {**_about(node, path), "error": error, "handled": node.spec.on_error, **facts}
        return Event("node.failed", data)

    def waiting(self, node: GraphNode, path: Path, wait: Wait, until: str | None) -> Event:
        """That a node waits."""
        return Event(wait.event, {**_about(node, path), "until": until, **wait.details})

    def retrying(self, node: GraphNode, path: Path, error: Mapping[str, Any], attempt: int, delay: float) -> None:
        """That a node failed, and is tried again."""
        data = {**_about(node, path), "error": error, "attempt": attempt, "delay_ms": round(delay * 1000)}
        self._run.emit("node.retrying", data)

    def repeated(self, node: GraphNode, path: Path, attempt: int) -> None:
        """That a node whose outcome a crash left unknown is done once more, under the same idempotency key."""
        self._run.emit("node.repeated", {**_about(node, path), "attempt": attempt})

    def hidden(self, node: GraphNode, path: Path) -> Emit:
        """In place of what a node tells itself, where nothing of it may be shown: that it told something."""
        return lambda kind, _data: self._run.emit(kind, {**_about(node, path), "redacted": True})

    def note(self, event: Event, result: Result | None = None) -> None:
        """Writes an event of a node that needs no step, unless it is there already; with what was too long for it."""
        key = place(event.data["node_id"], event.data["path"])
        if (event.type, key) in self._logged:
            return
        record = None
        if result is not None and (cut := event.data.get("truncated")):
            self._room -= sum(event.data["outputs"][port]["size"] for port in cut)
            if self._room >= 0:
                record = {"outputs": {port: result.outputs[port] for port in cut}}
        self._run.note(event.type, event.data, record)


def _about(node: GraphNode, path: Path) -> dict[str, Any]:
    return {"node_id": node.spec.id, "node_type": node.spec.type, "path": path}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Usage as it is shown."""
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost": usage.cost}


def shown(value: Any, *, redact: bool = False) -> tuple[Any, bool]:
    """A value as it stands in an event, and whether that is its begin alone.

    :class:`NodeFailed` when nothing of that size or kind can be kept.
    """
    if redact:
        return REDACTED, False
    if value is None or isinstance(value, bool | float) or (isinstance(value, str) and len(value) < EXCERPT):
        return value, False
    try:
        text = encode(value).encode()
    except TypeError as error:
        raise NodeFailed("not_serialisable", "The node gave something that is no JSON.") from error
    if len(text) > MAXIMUM_VALUE:
        raise NodeFailed("output_too_large", f"The node gave {len(text)} bytes; {MAXIMUM_VALUE} are the most.")
    if len(text) > SHOWN_VALUE:
        return {"truncated": True, "size": len(text), "begin": text[:EXCERPT].decode(errors="ignore")}, True
    return orjson.Fragment(text), False
