"""What tools of the type mcp list and call, by the protocol's own library, which :mod:`athena.tools.mcp_pool` loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, CallToolResult, TextContent, Tool

from athena.config import McpServer
from athena.kit import clock
from athena.tools import foreign, mcp_results
from athena.tools.base import Discovery, ToolCall, ToolFailed, ToolFunction, ToolResult
from athena.tools.function_schema import fitting_name, is_made_up, plain_text
from athena.tools.mcp_config import FUNCTIONS, McpConfig
from athena.tools.mcp_servers import HttpServer, Server, StdioServer
from athena.tools.mcp_sessions import Heard, McpSession, McpSessions
from athena.tools.refreshing import Refresher

DISCOVERY_SECONDS: Final = 30.0
_UNKNOWN: Final = ("unknown tool", "not found", "no such tool", "does not exist")
"""How servers say in a result that they have no such tool."""


class McpCalls:
    """Lists and calls, over the sessions of one process.

    Args:
        sessions: with the servers.
        programs: the servers that the operator lets run as programs, by name.
    """

    def __init__(self, sessions: McpSessions, programs: Mapping[str, McpServer]) -> None:
        self.sessions = sessions
        self._programs = programs

    async def functions(self, config: McpConfig, call: Discovery) -> Sequence[ToolFunction]:
        """The tools that were chosen, as the server lists them now."""
        server = await self._server(config, call)
        tools = await self.sessions.ask(server, mcp_results.listed, seconds=DISCOVERY_SECONDS, repeatable=True)
        return [mcp_results.function(tool) for tool in _chosen(config, tools, again=call.again)]

    async def call(self, config: McpConfig, call: ToolCall) -> ToolResult:
        """Calls a tool, and gives what it answers."""
        server = await self._server(config, call)
        outdated = _outdated(call)
        changed_at = self.sessions.changed_at(server)
        if changed_at is not None:
            outdated(changed_at)

        async def ask(session: McpSession) -> CallToolResult:
            if call.tool_uuid is not None:
                session.listeners[call.tool_uuid] = outdated
            name = await _name(config, session, call.function)
            try:
                answer = await mcp_results.called(session, name, dict(call.arguments))
            except MCPError as error:
                if error.code not in {INVALID_PARAMS, METHOD_NOT_FOUND, HEADER_MISMATCH}:
                    raise
                # How a server says that the tool is another now, or none.
                await self._look(server, session, name, outdated, changed=True)
                if error.code != HEADER_MISMATCH:
                    raise
                # A session that has listed the tool knows which arguments the server wants in headers.
                return await mcp_results.called(session, name, dict(call.arguments))
            if _says_unknown(answer):
                await self._look(server, session, name, outdated, changed=False)
            return answer

        answer = await self.sessions.ask(server, ask, seconds=call.seconds, repeatable=False)
        return mcp_results.result(answer, server.mask)

    async def _look(self, server: Server, session: McpSession, name: str, outdated: Heard, *, changed: bool) -> None:
        """Looks for a tool in the server's list; :class:`ToolFailed` when it is gone."""
        try:
            there = any(tool.name == name for tool in await mcp_results.listed(session))
        except MCPError:
            # The call's own answer says more.
            there = True
        if changed or not there:
            self.sessions.note_change(server)
            outdated(clock.now())
        if not there:
            raise _gone(name)

    async def _server(self, config: McpConfig, call: Discovery | ToolCall) -> Server:
        """The configured server; :class:`ToolFailed` when there is none, or its account cannot be used."""
        if config.server is not None:
            program = self._programs.get(config.server)
            if program is None:
                raise ToolFailed("unknown_server", "This installation has no such MCP server.")
            return StdioServer(call.access.workspace_uuid, config.server, program)
        account = await foreign.authentication(call.account_uuid, call.access, call.session)
        url = config.url or (account.base_url if account else None)
        if not url:
            raise ToolFailed("address_missing", "Neither the tool nor its account has the MCP server's address.")
        foreign.origin(url)
        foreign.check_server(account, url)
        return HttpServer(call.access.workspace_uuid, url, call.account_uuid, account)


def _chosen(config: McpConfig, tools: Sequence[Tool], *, again: bool) -> list[Tool]:
    """Those that the tool offers; what was chosen and has vanished is an error unless it was there before."""
    named = {tool.name: tool for tool in tools}
    if config.tools == "all":
        if len(named) > FUNCTIONS:
            text = f"The MCP server has {len(named)} tools; choose at most {FUNCTIONS} of them."
            raise ToolFailed("too_many_functions", text)
        return list(named.values())
    for name in config.tools:
        if name not in named and not again:
            known = ", ".join(plain_text(each, 100) for each in [*named][:30]) or "none"
            shown = plain_text(name, 100)
            raise ToolFailed("unknown_function", f"The MCP server has no tool {shown!r}; there are: {known}.")
    return [named[name] for name in dict.fromkeys(config.tools) if name in named]


async def _name(config: McpConfig, session: McpSession, function: str) -> str:
    """The server's own name of a function; :class:`ToolFailed` when it is none of those that were chosen."""
    if config.tools != "all":
        names = {fitting_name(name): name for name in config.tools}
    elif is_made_up(function):
        tools = session.tools if session.tools is not None else await mcp_results.listed(session)
        names = {fitting_name(tool.name): tool.name for tool in tools}
    else:
        return function
    if function not in names:
        raise _gone(function)
    return names[function]


def _gone(name: str) -> ToolFailed:
    return ToolFailed("unknown_function", f"The MCP server has no tool {plain_text(name, 100)!r} any more.")


def _says_unknown(answer: CallToolResult) -> bool:
    if not answer.is_error:
        return False
    said = " ".join(block.text[:200].lower() for block in answer.content if isinstance(block, TextContent))
    return "tool" in said and any(words in said for words in _UNKNOWN)


def _outdated(call: ToolCall) -> Heard:
    """Has the functions of the call's tool found anew, if it is a stored one."""
    uuid, refresher = call.tool_uuid, call.database.provided(Refresher)

    def outdated(since: datetime) -> None:
        if uuid is not None:
            refresher.start(uuid, call.access, since)

    return outdated
