"""Tools that Athena brings along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from athena.tools.base import Discovery, JsonObject, ToolCall, ToolConfig, ToolFunction, ToolKind, ToolResult
from athena.tools.builtins import BUILTINS


def _known(name: str) -> str:
    if name not in BUILTINS:
        raise ValueError(f"There is no built-in tool of this name; there are: {', '.join(BUILTINS)}.")
    return name


Host = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9.-]+$", examples=["docs.example.com"])]


class BuiltinConfig(ToolConfig):
    """Which one it is."""

    name: Annotated[str, AfterValidator(_known), Field(examples=["time"])]
    hosts: Annotated[
        list[Host] | None,
        Field(min_length=1, max_length=100, description="For `fetch`: the only hosts that it may reach. Null: any."),
    ] = None

    @model_validator(mode="after")
    def _hosts_are_fetched_from(self) -> BuiltinConfig:
        if self.hosts is not None and self.name != "fetch":
            raise ValueError("Only the built-in tool fetch has hosts.")
        return self


class BuiltinTool(ToolKind[BuiltinConfig]):
    """Calls the built-in tool that is named."""

    type = "builtin"
    config = BuiltinConfig
    seconds = 60.0

    async def functions(
        self, config: BuiltinConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """One, with the built-in name and parameters; a description of the tool's own comes before."""
        del parameters
        builtin = BUILTINS[config.name]
        description = "\n".join(filter(None, (call.description, builtin.description)))
        return [ToolFunction(builtin.name, description, builtin.parameters, builtin.repeatable)]

    async def call(self, config: BuiltinConfig, call: ToolCall) -> ToolResult:
        """What the built-in tool gives."""
        return await BUILTINS[config.name].call(call, config.hosts)
