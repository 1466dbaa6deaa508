"""Tools of MCP servers: each tool that a server lists, and that was chosen, is a function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from mcp.shared.exceptions import MCPError
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, CallToolResult, Tool
from pydantic import Field, model_validator

from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import ValidationFailed
from athena.tools import foreign, mcp_results
from athena.tools.base import (
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFailed,
    ToolFunction,
    ToolKind,
    ToolResult,
)
from athena.tools.function_schema import fitting_name, is_made_up, plain_text
from athena.tools.mcp_servers import HttpServer, Server, StdioServer
from athena.tools.mcp_sessions import McpSession, McpSessions

FUNCTIONS: Final = 128
DISCOVERY_SECONDS: Final = 30.0


class McpConfig(ToolConfig):
    """The server, and what of it is used."""

    url: Annotated[
        str | None,
        Field(
            min_length=8,
            max_length=2_000,
            pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://",
            description="The server's address, of streamable HTTP. Left out: the account's or its provider's base URL.",
            examples=["https://mcp.example.com/mcp"],
        ),
    ] = None
    server: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            description="In place of `url`, and without an account: a program that the operator configured.",
        ),
    ] = None
    tools: Annotated[
        Literal["all"] | Annotated[list[str], Field(min_length=1, max_length=FUNCTIONS)],
        Field(description="The tools that are offered, by the names that the server gives them."),
    ] = "all"

    @model_validator(mode="after")
    def _one_server(self) -> McpConfig:
        if self.server is not None and self.url is not None:
            raise ValueError("Give either url or server.")
        return self


class McpTool(ToolKind[McpConfig]):
    """What MCP servers offer."""

    type = "mcp"
    config = McpConfig
    asks_server = True
    seconds = 120.0

    async def check(self, config: McpConfig, session: Session, access: Access) -> None:
        """Refuses a program that the operator did not configure."""
        del access
        programs = session.provided(McpSessions).programs
        if config.server is not None and config.server not in programs:
            known = ", ".join(sorted(programs)) or "none"
            raise ValidationFailed.of("config.server", f"This installation has no such server; there are: {known}.")

    async def functions(
        self, config: McpConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """The tools that were chosen, as the server lists them now."""
        del parameters
        server = await _server(config, call)
        sessions = call.database.provided(McpSessions)
        tools = await sessions.ask(server, mcp_results.listed, seconds=DISCOVERY_SECONDS, repeatable=True)
        return [mcp_results.function(tool) for tool in _chosen(config, tools)]

    async def call(self, config: McpConfig, call: ToolCall) -> ToolResult:
        """Calls a tool, and gives what it answers."""
        server = await _server(config, call)
        sessions = call.database.provided(McpSessions)

        async def ask(session: McpSession) -> CallToolResult:
            name = await _name(config, session, call.function)
            try:
                return await mcp_results.called(session, name, dict(call.arguments))
            except MCPError as error:
                if error.code in {INVALID_PARAMS, METHOD_NOT_FOUND, HEADER_MISMATCH}:
                    # How a server says that the tool is another now, or none.
                    sessions.note_change(server)
                if error.code != HEADER_MISMATCH:
                    raise
            # A session that has listed the tool knows which arguments the server wants in headers.
            await mcp_results.listed(session)
            return await mcp_results.called(session, name, dict(call.arguments))

        answer = await sessions.ask(server, ask, seconds=call.seconds, repeatable=False)
        return mcp_results.result(answer, server.mask)

    async def changed_at(self, config: McpConfig, call: Discovery) -> datetime | None:
        """When a session of this process heard that the server's tools changed; functions found before are stale."""
        server = await _server(config, call)
        return call.database.provided(McpSessions).changed_at(server)


async def _server(config: McpConfig, call: Discovery | ToolCall) -> Server:
    """The configured server; :class:`ToolFailed` when there is none, or its account cannot be used."""
    if config.server is not None:
        program = call.database.provided(McpSessions).programs.get(config.server)
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


def _chosen(config: McpConfig, tools: Sequence[Tool]) -> list[Tool]:
    named = {tool.name: tool for tool in tools}
    if config.tools == "all":
        if len(named) > FUNCTIONS:
            text = f"The MCP server has {len(named)} tools; choose at most {FUNCTIONS} of them."
            raise ToolFailed("too_many_functions", text)
        return list(named.values())
    for name in config.tools:
        if name not in named:
            known = ", ".join(plain_text(each, 100) for each in [*named][:30]) or "none"
            shown = plain_text(name, 100)
            raise ToolFailed("unknown_function", f"The MCP server has no tool {shown!r}; there are: {known}.")
    return [named[name] for name in dict.fromkeys(config.tools)]


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
        raise ToolFailed("unknown_function", "The MCP server has no such tool any more; refresh the tool.")
    return names[function]
