"""Runs another workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from athena.engine import Engine
from athena.kit.db import Session
from athena.kit.ids import derived_uuid
from athena.kit.schemas import Uuid
from athena.node_types.base import Call, Config, EffectCall, JsonObject, NodeFailed, Result, Usage, Wait, WaitNode
from athena.node_types.failures import in_transaction


class SubWorkflowConfig(Config):
    """Which workflow is run with what."""

    workflow_uuid: Annotated[Uuid, Field(description="The workflow, of which the version of that moment runs.")]
    input: Annotated[
        Any, Field(description="What its manual trigger gives.", examples=["{{ input }}", {"order": "{{ item }}"}])
    ] = None
    wait: Annotated[
        bool,
        Field(
            description="Wait for its end, and give its output. Otherwise the node goes on at once.",
            json_schema_extra={"x-expression": "none"},
        ),
    ] = True


class SubWorkflow(WaitNode[SubWorkflowConfig]):
    """An execution of another workflow."""

    type = "sub_workflow"
    name = "Run a workflow"
    description = "Runs another workflow of the workspace, and gives its output, or only starts it."
    category = "flow"
    config = SubWorkflowConfig
    output_schema: ClassVar[JsonObject] = {
        "description": "The other workflow's output; with `wait` off, an object with its `execution_uuid`."
    }

    async def begin(self, config: SubWorkflowConfig, call: EffectCall, signal: str) -> Wait | Result:
        """Starts it. To be waited for, it is accepted in the transaction in which the wait begins: both, or neither."""
        uuid = derived_uuid(call.run_uuid, call.idempotency_key)
        details = {"execution_uuid": str(uuid), "workflow_uuid": str(config.workflow_uuid)}
        if not config.wait:
            try:
                await in_transaction(
                    call,
                    lambda session: call.start_workflow(session, config.workflow_uuid, config.input, run_uuid=uuid),
                )
            except NodeFailed as error:
                # From before a crash.
                if error.code != "already_exists":
                    raise
            return Result({"output": {"execution_uuid": str(uuid)}}, details=details)
        place = {"workspace_uuid": str(call.access.workspace_uuid), "run_uuid": str(call.run_uuid)}

        async def apply(session: Session) -> None:
            try:
                await call.start_workflow(
                    session, config.workflow_uuid, config.input, run_uuid=uuid, parent={**place, "signal": signal}
                )
            except NodeFailed as error:
                # Raised here, it would take what other nodes did in the same transaction with it.
                payload = {"status": "failed", "error": error.error}
                engine = session.provided(Engine)
                await engine.signal(session, call.access.workspace_uuid, call.run_uuid, signal, payload)

        return Wait(for_signal=True, details=details, apply=apply)

    def resume(self, config: SubWorkflowConfig, call: Call, answer: Any) -> Result:  # noqa: ARG002 - the type's interface
        """The other workflow's output; :class:`NodeFailed` when it failed or was cancelled."""
        given: Mapping[str, Any] = answer
        usage = Usage(**given["usage"]) if given.get("usage") else None
        if given["status"] == "succeeded":
            return Result({"output": given["output"]}, usage)
        error: Mapping[str, Any] = given.get("error") or {"code": "execution_cancelled", "message": "It was cancelled."}
        failure = NodeFailed(error["code"], f"The workflow that was run: {error['message']}", cause=dict(error))
        failure.usage = usage
        raise failure
