"""Runs of agents that a run starts and waits for: each a run of its own, linked to the one that asked.

A child's id follows from its parent and the call's key. So when the parent is interrupted and the call repeated, it
finds the run that was accepted before, and only waits for its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from athena.engine import PARENT_LABEL, Engine, RunRow
from athena.kit.access import Access
from athena.kit.db import Database
from athena.kit.errors import AthenaError, Unavailable
from athena.kit.ids import derived_uuid
from athena.runs.schemas import AgentRun
from athena.runs.service import RunService
from athena.tools.base import ToolResult, ToolUsage

T = TypeVar("T")
PAUSE_SECONDS: Final = 0.5
SECONDS: Final = 900.0
DEEPEST: Final = 5
"""So many agents may ask each other in a row."""
IN_CIRCLE = "Not asked: this agent has asked already, further up, and waits for the answer."
TOO_LATE = "The agent did not answer in time."
TOO_DEEP = "Not asked: too many agents have asked each other in a row."


async def ask_agent(  # noqa: PLR0913 - each is a fact of the call
    database: Database,
    access: Access,
    agent_uuid: UUID,
    asked: str,
    *,
    key: str,
    parent: UUID | None,
    ancestors: Sequence[UUID],
    seconds: float,
) -> ToolResult:
    """What an agent answers, in a run of its own, which ends with the one that asks, its ``parent``.

    ``ancestors`` are the agents that asked each other up to here, the one that asks among them.
    """
    if agent_uuid in ancestors:
        return ToolResult(IN_CIRCLE, is_error=True)
    if len(ancestors) >= DEEPEST:
        return ToolResult(TOO_DEEP, is_error=True)
    child = derived_uuid(parent or agent_uuid, key)

    async def accept() -> None:
        async with database.session(access.scope) as session:
            labels, above = {PARENT_LABEL: str(parent)} if parent else {}, [str(uuid) for uuid in ancestors]
            service = RunService(session, access, labels, run_uuid=child, ancestors=above)
            if not await service.is_there(child):
                await service.run_agent(agent_uuid, AgentRun.model_validate({"input": asked}))

    try:
        async with asyncio.timeout(seconds):
            await _patient(accept)
            row = await _patient(lambda: database.provided(Engine).result(access.workspace_uuid, child))
    except TimeoutError:
        await _patient(lambda: _cancel(database, access, child))
        return ToolResult(TOO_LATE, is_error=True, details={"run_uuid": str(child), "agent_uuid": str(agent_uuid)})
    except AthenaError as error:
        return ToolResult(f"The agent could not be asked: {error.detail}", is_error=True)
    return _result(row, agent_uuid)


async def _patient(attempt: Callable[[], Awaitable[T]]) -> T:
    """What ``attempt`` gives, as soon as the database is there."""
    while True:
        try:
            return await attempt()
        except Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)


async def _cancel(database: Database, access: Access, run_uuid: UUID) -> None:
    async with database.session(access.scope) as session:
        if await RunService(session, access).is_there(run_uuid):
            await session.provided(Engine).cancel(session, access.workspace_uuid, run_uuid)


def _result(row: RunRow, agent_uuid: UUID) -> ToolResult:
    details = {"run_uuid": str(row.uuid), "agent_uuid": str(agent_uuid)}
    if row.status != "succeeded":
        error: dict[str, Any] = row.error or {"message": "The run was cancelled."}
        return ToolResult(f"The agent did not answer: {error['message']}", is_error=True, details=details)
    message: dict[str, Any] = row.output["message"]
    used = message["usage"]
    usage = ToolUsage(used["input_tokens"] or 0, used["output_tokens"] or 0, used["cost"] or 0.0)
    return ToolResult(message["content"], message.get("data"), usage=usage, details=details)
