"""Runs Python."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, NodeFailed, Result
from athena.sandbox import (
    MAX_CODE_BYTES,
    MAX_MEMORY_MB,
    MAX_OUTPUT_BYTES,
    MAX_SECONDS,
    CodeError,
    Limits,
    PythonSandbox,
)

PASSING = frozenset({"crashed", "unavailable"})
PRINTED_MOST = 10_000
"""Characters of what was printed that are shown, the last ones."""


class CodeConfig(Config):
    """The code, and what it is given."""

    code: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CODE_BYTES,
            description="Python. What is in the variable `result` at the end is the node's output; it must be JSON. "
            "There is no network, no file, and no package to install.",
            examples=["result = sum(item['price'] for item in input['items'])"],
            json_schema_extra={"x-expression": "none"},
        ),
    ]
    inputs: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")], Any] | None,
        Field(
            max_length=50,
            description="Variables that the code finds set. Left out: `input`, what comes into the node.",
            examples=[{"orders": "{{ nodes.fetch.output.body }}"}],
        ),
    ] = None
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS, strict=False, description="How long it may compute.")] = 5.0
    memory_mb: Annotated[int, Field(ge=1, le=MAX_MEMORY_MB, description="In millions of bytes.")] = 64


class Code(EffectNode[CodeConfig]):
    """A program of the workflow's own."""

    type = "code"
    name = "Code"
    description = "Runs Python, apart from everything else and within limits."
    category = "data"
    config = CodeConfig
    # Computing, and standing in line for it.
    seconds = MAX_SECONDS * 2
    output_schema: ClassVar[JsonObject] = {"description": "What the code leaves in `result`."}

    async def execute(self, config: CodeConfig, call: EffectCall) -> Result:
        """What the code leaves; :class:`NodeFailed` ``code_…`` when it fails."""
        inputs = {"input": call.input} if config.inputs is None else config.inputs
        limits = Limits(seconds=config.seconds, memory_mb=config.memory_mb, output_bytes=MAX_OUTPUT_BYTES)
        sandbox = call.database.provided(PythonSandbox)
        try:
            found = await sandbox.run(config.code, inputs, limits=limits)
        except CodeError as error:
            facts: dict[str, Any] = {
                "line": error.line,
                "traceback": error.traceback[-PRINTED_MOST:],
                "printed": error.printed[-PRINTED_MOST:],
            }
            details = {name: value for name, value in facts.items() if value}
            raise NodeFailed(f"code_{error.kind}", error.message, retryable=error.kind in PASSING, **details) from error
        details = {"printed": found.printed[-PRINTED_MOST:]} if found.printed else {}
        return Result({"output": found.value}, details=details)
