"""Calls a function of a tool: arguments checked, time and result limited, and every failure a result of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

import orjson

from athena.expressions import ExpressionError, compile_text
from athena.kit import logging
from athena.kit.access import Access
from athena.kit.db import Database, Session
from athena.kit.errors import AthenaError, ValidationFailed
from athena.llm.structured import Schema, parse
from athena.tools import metrics
from athena.tools.base import ToolCall, ToolFailed, ToolKind, ToolKinds, ToolResult
from athena.tools.naming import OfferedFunction, ToolRow, offered
from athena.tools.refreshing import Refresher
from athena.tools.results import NUL, failure, within

__all__ = [
    "OfferedFunction",
    "call_function",
    "check_condition",
    "find_function",
    "needs_approval",
    "offered",
    "read_arguments",
]

# `function` is a word that CEL keeps for itself.
NAMES: Final = frozenset({"arguments", "function_name"})
NAMES_SHOWN: Final = 50
LONG: Final = 200_000
"""Characters of a result that is cut apart from the event loop, which would stand still meanwhile."""
ARGUMENTS_MOST: Final = 1_000_000
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@metrics.watched
async def call_function(  # noqa: PLR0913 - each is a fact of the call
    database: Database,
    access: Access,
    tool: ToolRow,
    function: str | None,
    arguments: str | Mapping[str, Any],
    *,
    idempotency_key: str,
    run_uuid: UUID | None = None,
    agent_uuid: UUID | None = None,
    thread_uuid: UUID | None = None,
    ancestors: Sequence[UUID] = (),
    session: Callable[[], Session] | None = None,
) -> ToolResult:
    """What ``function`` of ``tool`` (``None``: its only one) gives for ``arguments``, values or a model's JSON text.

    A failure is a result, too, with ``is_error`` and ``details["error"]``. Holds no connection of its own, and may be
    cancelled. ``session`` opens transactions in the workspace; left out, they are the caller's own.
    """

    def opened() -> Session:
        made = database.session(access.scope)
        made.actor = access.actor
        return made

    try:
        kind = _kind(database, tool)
        database.provided(Refresher).use([tool], access)
        found = find_function(tool, function)
        call = ToolCall(
            found["name"],
            read_arguments(arguments, found["parameters"]),
            access,
            database,
            idempotency_key,
            tool["seconds"] or kind.seconds,
            session or opened,
            run_uuid,
            agent_uuid,
            thread_uuid,
            ancestors,
            tool["account_uuid"],
            tool["uuid"],
        )
        result = await _called(kind, tool["config"], call)
    except ToolFailed as error:
        result = failure(error.code, error.message, unknown=error.unknown)
    if len(result.content) > LONG:
        return await asyncio.to_thread(within, result, tool["max_result_bytes"])
    return within(result, tool["max_result_bytes"])


async def _called(kind: ToolKind[Any], config: Mapping[str, Any], call: ToolCall) -> ToolResult:
    """The type's result, or :class:`ToolFailed` whatever went wrong."""
    timer = asyncio.timeout(call.seconds)
    try:
        async with timer:
            result = await kind.call(kind.config.model_validate(config), call)
        # What cannot be stored as JSON fails here.
        orjson.dumps([result.content, result.data, dict(result.details)])
    except ToolFailed:
        raise
    except TimeoutError as error:
        if not timer.expired():
            raise _unexpected(kind, error) from error
        raise ToolFailed("timeout", f"The call took longer than {call.seconds:g} seconds.", unknown=True) from error
    except AthenaError as error:
        raise ToolFailed(error.error_code, error.detail) from error
    except Exception as error:
        raise _unexpected(kind, error) from error
    return result


def _unexpected(kind: ToolKind[Any], error: Exception) -> ToolFailed:
    logging.logger().error("tools.call_failed", type=kind.type, error=type(error).__name__)
    return ToolFailed("tool_error", "The tool failed unexpectedly.", unknown=True)


def _kind(database: Database, tool: ToolRow) -> ToolKind[Any]:
    kind = database.provided(ToolKinds).get(tool["type"])
    if kind is None:
        raise ToolFailed("tool_unavailable", f"Tools of the type {tool['type']} cannot be called here.")
    return kind


def find_function(tool: ToolRow, name: str | None) -> Mapping[str, Any]:
    """A function of a tool, ``None`` its only one; :class:`ToolFailed` ``unknown_function`` lists those that it has."""
    functions: list[Mapping[str, Any]] = tool["functions"]
    if name is None and len(functions) == 1:
        return functions[0]
    for function in functions:
        if function["name"] == name:
            return function
    known = ", ".join(each["name"] for each in functions[:NAMES_SHOWN]) or "none"
    what = "Say which function to call" if name is None else f"There is no function {name[:64]!r}"
    raise ToolFailed("unknown_function", f"{what}; there are: {known}.")


def read_arguments(arguments: str | Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as values, checked against a function's ``parameters``; no text at all is no arguments.

    :class:`ToolFailed` ``invalid_arguments`` says what is wrong, so that a model can mend it.
    """
    values = _parsed(arguments) if isinstance(arguments, str) else arguments
    if not isinstance(values, Mapping):
        raise ToolFailed("invalid_arguments", "The arguments must be one JSON object.")
    found = dict(cast("Mapping[str, Any]", values))
    try:
        written = orjson.dumps(found)
    except TypeError as error:
        raise ToolFailed("invalid_arguments", "The arguments cannot be written as JSON.") from error
    if len(written) > ARGUMENTS_MOST:
        raise ToolFailed("invalid_arguments", f"The arguments have more than {ARGUMENTS_MOST:,} bytes.")
    if NUL in written and _NUL.search(written):
        raise ToolFailed("invalid_arguments", "Text must not contain the NUL character.")
    problems = _schema(orjson.dumps(dict(parameters))).problems(found)
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise ToolFailed("invalid_arguments", f"The arguments do not fit the function's parameters:\n{listed}")
    return found


def _parsed(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return parse(text)
    except ValueError as error:
        raise ToolFailed("invalid_arguments", "The arguments are no valid JSON; give one JSON object.") from error


@lru_cache(512)
def _schema(written: bytes) -> Schema:
    return Schema(orjson.loads(written))


def needs_approval(tool: ToolRow, function: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a human has to approve this call; also where the tool's condition cannot be evaluated."""
    condition: str | None = tool["approval_condition"]
    if tool["requires_approval"] or condition is None:
        return bool(tool["requires_approval"])
    try:
        scope = {"arguments": dict(arguments), "function_name": function}
        value = compile_text(_braced(condition), NAMES).evaluate(scope)
    except ExpressionError:
        return True
    return value is not False


def check_condition(condition: str) -> None:
    """:class:`ValidationFailed` where a condition is no expression that :func:`needs_approval` can use."""
    try:
        compile_text(_braced(condition), NAMES)
    except ExpressionError as error:
        position = max(0, error.position - len("{{ "))
        raise ValidationFailed.of("approval_condition", f"{error.message} (position {position})") from error


def _braced(condition: str) -> str:
    return f"{{{{ {condition} }}}}"
