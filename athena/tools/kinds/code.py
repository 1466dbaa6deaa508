"""Tools of one's own: Python in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from athena.sandbox import MAX_CODE_BYTES, MAX_MEMORY_MB, MAX_OUTPUT_BYTES, MAX_SECONDS, Limits
from athena.tools.base import (
    ANY_ARGUMENTS,
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFunction,
    ToolKind,
    ToolResult,
)
from athena.tools.naming import function_name
from athena.tools.sandboxed import run, shown


class CodeConfig(ToolConfig):
    """The code."""

    code: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CODE_BYTES,
            description="Python. Each argument is a variable, and all of them are in `arguments`. What is in `result` "
            "at the end is the tool's result; it must be JSON. No network, no files, no packages.",
            examples=["result = sum(arguments['prices']) * 1.21"],
        ),
    ]
    compute_seconds: Annotated[
        float, Field(gt=0, le=MAX_SECONDS, strict=False, description="How long it may compute.")
    ] = 5.0
    memory_mb: Annotated[int, Field(ge=1, le=MAX_MEMORY_MB, description="In millions of bytes.")] = 64


class CodeTool(ToolKind[CodeConfig]):
    """Runs the tool's code, apart from everything else and within limits."""

    type = "code"
    config = CodeConfig
    # Computing, and standing in line for it.
    seconds = MAX_SECONDS * 2
    takes_parameters = True

    async def functions(
        self, config: CodeConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """One, named as the tool is. It has no effect outside, and may be repeated."""
        del config
        name = function_name(call.name)
        return [ToolFunction(name, call.description, parameters or ANY_ARGUMENTS, repeatable=True)]

    async def call(self, config: CodeConfig, call: ToolCall) -> ToolResult:
        """What the code leaves in ``result``."""
        given = {name: value for name, value in call.arguments.items() if name.isidentifier()}
        limits = Limits(seconds=config.compute_seconds, memory_mb=config.memory_mb, output_bytes=MAX_OUTPUT_BYTES)
        return shown(await run(call, config.code, {**given, "arguments": dict(call.arguments)}, limits))
