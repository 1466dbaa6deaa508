"""Runs a tool's Python in the sandbox."""

from __future__ import annotations

from typing import Any, Final

from athena.sandbox import CodeError, CodeResult, Limits, PythonSandbox
from athena.tools.base import JsonObject, ToolCall, ToolFailed, ToolResult
from athena.tools.results import json_result

PRINTED_MOST: Final = 10_000
"""Characters of what was printed that are shown, the last ones."""


async def run(call: ToolCall, code: str, inputs: JsonObject, limits: Limits) -> CodeResult:
    """What ``code`` leaves; :class:`ToolFailed` ``code_…`` with its traceback when it fails."""
    try:
        return await call.database.provided(PythonSandbox).run(code, inputs, limits=limits)
    except CodeError as error:
        parts = [error.traceback or error.message]
        if error.printed:
            parts.append(f"Printed before:\n{error.printed[-PRINTED_MOST:]}")
        raise ToolFailed(f"code_{error.kind}", "\n".join(parts)) from error


def shown(found: CodeResult) -> ToolResult:
    """The value, with what was printed among the details."""
    details: dict[str, Any] = {"printed": found.printed[-PRINTED_MOST:]} if found.printed else {}
    return json_result(found.value, details=details)
