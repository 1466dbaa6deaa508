"""A dry run: a graph is interpreted as ever, in memory alone, with given outputs in place of all that has an effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from athena.engine import Event, StepResult, StoredEvent
from athena.kit import clock
from athena.kit.ids import new_uuid
from athena.node_types.base import LoopNode, NodeFailed, PureNode, Trigger
from athena.workflow_executions.interpreter import Interpreter, Plan, Start
from athena.workflow_generation.catalogue import sample
from athena.workflows.graph import Graph

SECONDS = 10.0
RESUME_URL = "https://example.com/hooks/resume/example"


class _Memory:
    """A run that is kept nowhere."""

    resumed = False

    def __init__(self) -> None:
        self.run_uuid: UUID = new_uuid()
        self.signalled = asyncio.Event()

    async def history(self) -> list[StoredEvent]:
        return []

    def note(self, kind: str, data: Mapping[str, Any], record: Any = None) -> None: ...

    def emit(self, kind: str, data: Mapping[str, Any]) -> None: ...

    def recorded(self, key: str) -> Any:  # noqa: ARG002 - nothing is
        return None

    async def step(
        self,
        key: str,  # noqa: ARG002
        execute: Callable[[int], Awaitable[StepResult]],
        *,
        started: Event | None = None,  # noqa: ARG002
        repeatable: bool = True,  # noqa: ARG002
    ) -> Any:
        return (await execute(1)).record

    async def arrived(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:  # noqa: ARG002
        return {}

    async def wait_for_any(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        raise NodeFailed("waits", f"Nothing ends the wait of {', '.join(waits)}.")


async def rehearse(graph: Graph, given: Any, outputs: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    """The output of a graph without problems that is started by its first trigger; :class:`NodeFailed` where it fails.

    ``outputs`` are examples of what nodes give; a node with an effect that has none gives what its type's schema says.
    """
    trigger = graph.triggers()[0]
    mocked: dict[str, Mapping[str, Any]] = {}
    for node in graph.nodes.values():
        if not isinstance(node.type, PureNode | LoopNode | Trigger):
            value = outputs.get(node.id, sample(node.type.output_schema))
            mocked[node.id] = {node.first_output: value}
    at = clock.rfc3339(clock.now())
    facts = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    names: dict[str, Any] = {
        "trigger": {"input": given, **facts, "type": "api", "node_id": trigger.id, "at": at},
        "variables": variables,
        "execution": {
            "uuid": str(new_uuid()),
            "started_at": at,
            "trigger": "api",
            "test": True,
            "resume_urls": {node.id: RESUME_URL for node in graph.nodes.values() if node.has_address},
        },
        "workflow": {"uuid": str(new_uuid()), "name": "", "version": 1},
        "workspace": {"uuid": str(new_uuid()), "variables": {}},
    }
    interpreter = Interpreter(_Memory(), Plan(graph), Start(trigger, given, names, mocked=mocked), None)
    try:
        async with asyncio.timeout(SECONDS):
            return await interpreter.run()
    except TimeoutError as error:
        raise NodeFailed("timeout", "The dry run did not come to its end.") from error
