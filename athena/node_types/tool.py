"""Calls a tool."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from athena.kit.schemas import Uuid
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, NodeFailed, Result, Usage
from athena.node_types.failures import in_transaction, require
from athena.permissions import Permission
from athena.tools.base import ToolFailed, ToolResult
from athena.tools.calling import call_function, find_function, needs_approval
from athena.tools.schemas import MAXIMUM_SECONDS
from athena.tools.service import ToolService

PASSING: Final = frozenset(
    {"timeout", "connection_failed", "http_status", "code_unavailable", "code_crashed", "unavailable"}
)


class ToolNodeConfig(Config):
    """Which function of which tool is called with what."""

    tool_uuid: Annotated[Uuid, Field(description="The tool.")]
    function: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Left out: the only one that the tool has.")
    ] = None
    arguments: Annotated[
        dict[str, Any],
        Field(
            max_length=500, description="As the function's parameters have them.", examples=[{"city": "{{ input }}"}]
        ),
    ] = Field(default_factory=dict[str, Any])
    approved: Annotated[
        bool,
        Field(
            description="For calls that need approval: that it was given, such as in a node before. Without it the "
            "node fails.",
            json_schema_extra={"x-expression": "none"},
        ),
    ] = False


class ToolNode(EffectNode[ToolNodeConfig]):
    """One call of a tool's function."""

    type = "tool"
    name = "Tool"
    description = "Calls a tool of the workspace, and gives its result."
    category = "action"
    config = ToolNodeConfig
    # The tool has a limit of its own.
    seconds = MAXIMUM_SECONDS
    output_schema: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "content": {"type": "string", "description": "The result as text."},
            "data": {"description": "The same as JSON, where there is any."},
        },
        "required": ["content", "data"],
    }

    async def execute(self, config: ToolNodeConfig, call: EffectCall) -> Result:
        """The tool's result; :class:`NodeFailed` with its code when it failed."""
        require(call, Permission.TOOLS_CALL)
        tool = await in_transaction(call, lambda session: ToolService(session, call.access).get(config.tool_uuid))
        if not tool["enabled"]:
            raise NodeFailed("tool_disabled", "The tool is not enabled.")
        try:
            function = find_function(tool, config.function)["name"]
        except ToolFailed as error:
            raise NodeFailed(error.code, error.message) from error
        if not config.approved and needs_approval(tool, function, config.arguments):
            raise NodeFailed("approval_needed", "The tool wants a human to approve this call; see `approved`.")
        result = await call_function(
            call.database,
            call.access,
            tool,
            function,
            config.arguments,
            idempotency_key=call.idempotency_key,
            run_uuid=call.run_uuid,
            ancestors=call.ancestors,
            session=call.session,
        )
        return _result(result)


def _result(result: ToolResult) -> Result:
    used = result.usage
    usage = None if used is None else Usage(used.input_tokens, used.output_tokens, used.cost)
    if not result.is_error:
        return Result({"output": {"content": result.content, "data": result.data}}, usage, result.details)
    error = result.details.get("error", {"code": "tool_error", "message": result.content})
    details = {name: value for name, value in result.details.items() if name not in {"error", "unknown"}}
    failure = NodeFailed(
        error["code"],
        error["message"],
        retryable=error["code"] in PASSING,
        unknown=bool(result.details.get("unknown")),
        **details,
    )
    failure.usage = usage
    raise failure
