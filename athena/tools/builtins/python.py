"""Runs Python that a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from athena.sandbox import MAX_OUTPUT_BYTES, Limits
from athena.tools.base import JsonObject, ToolCall, ToolResult
from athena.tools.builtins.base import Builtin
from athena.tools.sandboxed import run, shown

COMPUTING_SECONDS = 20.0


class Python(Builtin):
    """A program, apart from everything else and within limits."""

    name = "python"
    title = "Python"
    description = (
        "Runs Python and gives what is in the variable `result` at the end, which must be JSON, and what was printed. "
        "For computing and for working on text and lists. No network, no files, no packages beyond a few modules of "
        "the standard library."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "minLength": 1, "maxLength": 100_000},
            "inputs": {
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"},
                "maxProperties": 50,
                "description": "Values that the code finds as variables.",
            },
        },
        "required": ["code"],
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it reaches nobody
        """What the code leaves in ``result``; what it printed stands before it."""
        limits = Limits(seconds=COMPUTING_SECONDS, memory_mb=128, output_bytes=MAX_OUTPUT_BYTES)
        found = shown(await run(call, call.arguments["code"], call.arguments.get("inputs", {}), limits))
        printed = found.details.get("printed")
        if printed is None:
            return found
        content = str(printed) if found.data is None else f"Printed:\n{printed}\nResult:\n{found.content}"
        return ToolResult(content, found.data, details=found.details)
