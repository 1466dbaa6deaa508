"""What is counted and traced of calls of tools."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from functools import cache, wraps
from typing import Any, Concatenate, Final, ParamSpec

import orjson
from prometheus_client import Counter, Histogram

from athena.kit import tracing
from athena.kit.access import Access
from athena.kit.db import Database
from athena.kit.metrics import SECONDS
from athena.tools.base import ToolResult
from athena.tools.naming import ToolRow

P = ParamSpec("P")
Arguments = str | Mapping[str, Any]
Call = Callable[Concatenate[Database, Access, ToolRow, str | None, Arguments, P], Coroutine[Any, Any, ToolResult]]

calls = cache(
    Counter(
        "athena_tool_calls_total", "Calls of tools, by the tool's type and how they ended.", ["type", "outcome"]
    ).labels
)
seconds = cache(
    Histogram("athena_tool_call_duration_seconds", "How long calls of tools took.", ["type"], buckets=SECONDS).labels
)
CONTENT_MOST: Final = 32_000
"""Characters of arguments and of a result that a span holds at most."""


def watched(call: Call[P]) -> Call[P]:
    """Counts and traces what ``call`` does."""

    @wraps(call)
    async def watching(
        database: Database,
        access: Access,
        tool: ToolRow,
        function: str | None,
        arguments: Arguments,
        /,
        *args: P.args,
        **named: P.kwargs,
    ) -> ToolResult:
        begun, outcome = time.perf_counter(), "cancelled"
        name = function or tool["type"]
        told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.type": tool["type"]}
        with tracing.span(f"execute_tool {name}", attributes=told) as span:
            try:
                result = await call(database, access, tool, function, arguments, *args, **named)
                outcome = "failed" if result.is_error else "completed"
            finally:
                calls(tool["type"], outcome).inc()
                seconds(tool["type"]).observe(time.perf_counter() - begun)
            _tell(span, arguments, result)
        return result

    return watching


def _tell(span: tracing.Span, arguments: Arguments, result: ToolResult) -> None:
    if result.is_error:
        match result.details.get("error"):
            case {"code": str() as code}:
                span.fail(code)
            case _:
                span.fail("tool_error")
    if tracing.with_content():
        given = arguments if isinstance(arguments, str) else orjson.dumps(dict(arguments), default=str).decode()
        span.set(
            {
                "gen_ai.tool.call.arguments": given[:CONTENT_MOST],
                "gen_ai.tool.call.result": result.content[:CONTENT_MOST],
            }
        )
