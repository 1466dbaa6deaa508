"""Computes: exact fractions, written as decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from athena.tools.base import JsonObject, ToolCall, ToolFailed, ToolResult
from athena.tools.builtins.arithmetic import CannotCompute, computed
from athena.tools.builtins.base import Builtin


class Calculator(Builtin):
    """The value of an expression."""

    name = "calculator"
    title = "Calculator"
    description = (
        "Computes an expression exactly, such as 1200 * (1 - 15%) + 4.90. Knows + - * / ^, brackets, percent (15% is "
        "0.15), pi, e, and sqrt(x), abs(x), floor(x), ceil(x), round(x, digits), mod(a, b), min(…), max(…), sum(…), "
        "avg(…), exp(x), ln(x), log10(x). Decimals have a point, and thousands no mark."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": 2_000}},
        "required": ["expression"],
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it asks nobody
        """The value as text, since numbers in JSON are not exact everywhere."""
        try:
            value, exact = computed(call.arguments["expression"])
        except CannotCompute as error:
            raise ToolFailed("cannot_compute", str(error)) from error
        return ToolResult(value if exact else f"{value} (rounded)", {"result": value, "exact": exact})
