"""Tools of the type ``workflow``: a call is an execution, a run of its own, which is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from athena.engine import PARENT_LABEL, Engine, RunRow
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Unavailable, ValidationFailed
from athena.kit.finishing import to_the_end
from athena.kit.ids import derived_uuid, new_uuid
from athena.kit.schemas import Uuid
from athena.permissions import Permission
from athena.runs.service import RunService
from athena.tools.base import (
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFailed,
    ToolFunction,
    ToolKind,
    ToolResult,
    ToolUsage,
)
from athena.tools.naming import function_name
from athena.tools.results import failure, json_result
from athena.tools.transactions import PAUSE_SECONDS, in_transaction
from athena.workflow_executions.starting import Request, accept
from athena.workflows.interface import arguments_schema, input_of
from athena.workflows.service import WorkflowService

DEEPEST: Final = 8
"""How many agents and workflows may stand within each other."""
SPARE: Final = 0.05
"""The part of its time in which a call stops an execution that took too long."""


class WorkflowToolConfig(ToolConfig):
    """Which workflow it is."""

    workflow_uuid: Annotated[Uuid, Field(description="The workflow, of which the version of that moment runs.")]


class WorkflowTool(ToolKind[WorkflowToolConfig]):
    """Runs a workflow from its manual trigger on, and gives its output."""

    type = "workflow"
    config = WorkflowToolConfig
    seconds = 300.0

    async def check(self, config: WorkflowToolConfig, session: Session, access: Access) -> None:
        """The workflow must be there, and have a manual trigger."""
        _trigger(await WorkflowService(session, access).get(config.workflow_uuid))

    async def functions(
        self, config: WorkflowToolConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """One, named as the tool is, with the input that the manual trigger takes.

        It is repeatable: the same call finds the execution that it started before.
        """
        del parameters
        async with call.session() as session:
            workflow = await WorkflowService(session, call.access).get(config.workflow_uuid)
        description = call.description or workflow["description"] or workflow["name"]
        return [
            ToolFunction(
                function_name(call.name),
                description,
                arguments_schema(_trigger(workflow)["data"].get("input_schema")),
                repeatable=True,
            )
        ]

    async def call(self, config: WorkflowToolConfig, call: ToolCall) -> ToolResult:
        """The execution's output; it is stopped when it takes longer than the call may."""
        call.access.require(Permission.WORKFLOWS_RUN)
        if config.workflow_uuid in call.ancestors:
            raise ToolFailed("tool_cycle", "This workflow is at work already, and led to this call.")
        if len(call.ancestors) >= DEEPEST:
            raise ToolFailed("too_deep", f"Agents and workflows may call each other {DEEPEST} deep.")
        uuid = derived_uuid(call.run_uuid, call.idempotency_key) if call.run_uuid else new_uuid()
        try:
            async with asyncio.timeout(call.seconds * (1 - SPARE)):
                await in_transaction(call, lambda session: _accept(session, config.workflow_uuid, call, uuid))
                return _result(await _ended(call, uuid), uuid)
        except TimeoutError as error:
            await _stop(call, uuid)
            told = f"The execution {uuid} took longer than {call.seconds:g} seconds, and was stopped."
            raise ToolFailed("timeout", told) from error
        except asyncio.CancelledError:
            # What a run has started ends with it; a test call has none.
            if call.run_uuid is None:
                await _stop(call, uuid)
            raise


def _trigger(workflow: Row) -> Mapping[str, Any]:
    for node in workflow["nodes"]:
        if node["type"] == "manual_trigger" and not node["disabled"]:
            return node
    raise ValidationFailed.of("config.workflow_uuid", "The workflow has no manual trigger, so no tool can start it.")


async def _accept(session: Session, workflow_uuid: UUID, call: ToolCall, uuid: UUID) -> None:
    if await RunService(session, call.access).is_there(uuid):
        return
    workflows = WorkflowService(session, call.access)
    trigger = _trigger(await workflows.get(workflow_uuid))
    asked = Request(
        "agent",
        input_of(trigger["data"].get("input_schema"), call.arguments),
        node_id=trigger["id"],
        depth=len(call.ancestors),
        ancestors=call.ancestors,
        run_uuid=uuid,
        labels={PARENT_LABEL: str(call.run_uuid)} if call.run_uuid else {},
    )
    await accept(session, call.access, await workflows.to_run(workflow_uuid), asked)


async def _ended(call: ToolCall, uuid: UUID) -> RunRow:
    while True:
        try:
            return await call.database.provided(Engine).result(call.access.workspace_uuid, uuid)
        except Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)


async def _stop(call: ToolCall, uuid: UUID) -> None:
    """Stops the execution, even if the call is cancelled once more meanwhile."""
    await to_the_end(in_transaction(call, lambda session: _cancel(session, call, uuid)))


async def _cancel(session: Session, call: ToolCall, uuid: UUID) -> None:
    if await RunService(session, call.access).is_there(uuid):
        await session.provided(Engine).cancel(session, call.access.workspace_uuid, uuid)


def _result(row: RunRow, uuid: UUID) -> ToolResult:
    given: Mapping[str, Any] = row.output or {}
    usage = ToolUsage(**given["usage"]) if given.get("usage") else None
    details = {"execution_uuid": str(uuid)}
    if row.status == "succeeded":
        return json_result(given["output"], usage=usage, details=details)
    error: Mapping[str, Any] = row.error or {"code": "execution_cancelled", "message": "The execution was cancelled."}
    failed = failure(error["code"], error["message"])
    return ToolResult(failed.content, is_error=True, usage=usage, details={**failed.details, **details})
