"""What it means for a call when a session with an MCP server fails."""

from __future__ import annotations

from typing import Final, cast

from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, METHOD_NOT_FOUND, PARSE_ERROR

from athena.kit.masking import Mask
from athena.tools.base import ToolFailed
from athena.tools.foreign import EXCERPT, failed
from athena.tools.function_schema import plain_text
from athena.tools.mcp_transport import Exchange

_GATEWAYS: Final = frozenset({502, 504})
_GONE: Final = 404
_WRONG: Final = 400
_SYNTHESISED: Final = frozenset({"Server returned an error response", "Not Found", "Session terminated"})
"""What the SDK says in the name of a server that said nothing but a status."""


class Lost(ToolFailed):
    """The session is gone. ``unknown`` tells whether it took the call along."""


def failure_of(error: BaseException, exchange: Exchange, mask: Mask) -> ToolFailed:
    """The failure that an error of the SDK's means, with what is known of its HTTP."""
    cause = _first(error)
    if isinstance(cause, ToolFailed):
        return cause
    if exchange.error is not None:
        return failed(exchange.error)
    if isinstance(cause, TimeoutError):
        return ToolFailed("timeout", "The MCP server did not answer in time.", unknown=True)
    if isinstance(cause, MCPError):
        return _of_answer(cause, exchange.status, mask)
    if isinstance(cause, OSError):
        return ToolFailed("connection_failed", "The MCP server's program could not be started.")
    return ToolFailed("protocol_error", "The MCP server's answer is not what the protocol says.", unknown=True)


def opening_failed(error: BaseException, exchange: Exchange, mask: Mask) -> ToolFailed:
    """The failure of a session that could not be opened, with which no call was sent."""
    failure = failure_of(error, exchange, mask)
    if failure.code == "session_lost":
        return ToolFailed("http_status", f"The MCP server answered with the status {exchange.status}.")
    return ToolFailed(failure.code, failure.message)


def _of_answer(error: MCPError, status: int | None, mask: Mask) -> ToolFailed:
    if status in {401, 403}:
        text = "The MCP server does not let the tool's account in; connect the account anew."
        return ToolFailed("unauthorized", f"{text} (status {status})")
    rejected = status == _GONE and error.code != METHOD_NOT_FOUND
    if rejected or (status == _WRONG and "session" in error.message.lower()):
        return Lost("session_lost", "The MCP server has ended the session.")
    if status is not None and error.message in _SYNTHESISED:
        text = f"The MCP server answered with the status {status}."
        return ToolFailed("http_status", text, unknown=status in _GATEWAYS)
    if error.code == CONNECTION_CLOSED:
        return Lost("connection_failed", "The MCP server ended the connection before it answered.", unknown=True)
    if error.code == PARSE_ERROR:
        return ToolFailed("protocol_error", "The MCP server's answer is not JSON-RPC.", unknown=True)
    said = plain_text(mask.text(error.message), EXCERPT) or "no reason"
    return ToolFailed("server_error", f"The MCP server says: {said} ({error.code})")


def _first(error: BaseException) -> BaseException:
    """The first error of a group, which task groups make of even a single one."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
