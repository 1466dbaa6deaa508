"""Runs of agents and prompts that a node starts and waits for: each a run of its own, linked to the execution.

A run's id follows from the call's idempotency key. So when the execution is interrupted and the node repeated, it finds
the run that was accepted before, and only waits for its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from athena.engine import PARENT_LABEL, Engine, RunRow
from athena.kit.db import Session
from athena.kit.finishing import to_the_end
from athena.kit.ids import derived_uuid
from athena.node_types.base import EffectCall, JsonObject, NodeFailed, Result, Usage
from athena.node_types.failures import in_transaction, may_pass, patient
from athena.runs.service import RunService

SPARE: Final = 0.05
"""The part of its time in which a node stops a run that took too long, so that it is known what became of it."""
SECONDS: Final = 900.0

Accept = Callable[[Session, RunService], Awaitable[object]]

OUTPUT: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The answer."},
        "message_uuid": {"type": "string", "format": "uuid"},
        "model": {"type": "string"},
        "finish_reason": {"type": "string"},
    },
    "required": ["text", "message_uuid", "model", "finish_reason"],
}


async def answered(call: EffectCall, accept: Accept) -> Result:
    """What the run that ``accept`` accepts answers; :class:`NodeFailed` when it fails, or takes too long.

    When the call is cancelled, so is the run.
    """
    run_uuid = derived_uuid(call.run_uuid, call.idempotency_key)
    try:
        async with asyncio.timeout(call.seconds * (1 - SPARE)):
            await _accept(call, run_uuid, accept)
            row = await patient(lambda: call.database.provided(Engine).result(call.access.workspace_uuid, run_uuid))
    except TimeoutError as error:
        await _stop(call, run_uuid)
        raise NodeFailed(
            "timeout", "The run took longer than the node may.", retryable=True, run_uuid=str(run_uuid)
        ) from error
    except asyncio.CancelledError:
        await _stop(call, run_uuid)
        raise
    return _result(row)


async def _accept(call: EffectCall, run_uuid: UUID, accept: Accept) -> None:
    async def work(session: Session) -> None:
        labels, above = {PARENT_LABEL: str(call.run_uuid)}, [str(uuid) for uuid in call.ancestors]
        service = RunService(
            session,
            call.access,
            labels,
            run_uuid=run_uuid,
            ancestors=above,
            workflow_uuid=call.spender.workflow_uuid,
        )
        if not await service.is_there(run_uuid):
            await accept(session, service)

    await in_transaction(call, work)


async def _stop(call: EffectCall, run_uuid: UUID) -> None:
    """Stops the run, even if the node is cancelled once more meanwhile."""
    await to_the_end(patient(lambda: call.stop_run(run_uuid)))


def _result(row: RunRow) -> Result:
    if row.status == "cancelled":
        raise NodeFailed("run_cancelled", "The run was cancelled.", run_uuid=str(row.uuid))
    if row.status == "failed":
        error: dict[str, Any] = row.error or {}
        code = error.get("code", "run_failed")
        text = error.get("message", "The run failed.")
        raise NodeFailed(code, text, retryable=may_pass(code), run_uuid=str(row.uuid))
    message: dict[str, Any] = row.output["message"]
    used = message["usage"]
    output = {
        "text": message["content"],
        "message_uuid": message["uuid"],
        "model": message["model"],
        "finish_reason": message["finish_reason"],
    }
    usage = Usage(used["input_tokens"] or 0, used["output_tokens"] or 0, used["cost"] or 0.0)
    return Result({"output": output}, usage, {"run_uuid": str(row.uuid)})
