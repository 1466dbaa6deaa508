"""Tools of MCP servers: each tool that a server lists, and that was chosen, is a function."""

from __future__ import annotations

from collections.abc import Sequence

from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import ValidationFailed
from athena.tools.base import Discovery, JsonObject, ToolCall, ToolFunction, ToolKind, ToolResult
from athena.tools.mcp_config import McpConfig
from athena.tools.mcp_pool import McpPool


class McpTool(ToolKind[McpConfig]):
    """What MCP servers offer."""

    type = "mcp"
    config = McpConfig
    asks_server = True
    refreshes = True
    seconds = 120.0

    async def check(self, config: McpConfig, session: Session, access: Access) -> None:
        """Refuses a program that the operator did not configure."""
        del access
        programs = session.provided(McpPool).programs
        if config.server is not None and config.server not in programs:
            known = ", ".join(sorted(programs)) or "none"
            raise ValidationFailed.of("config.server", f"This installation has no such server; there are: {known}.")

    async def functions(
        self, config: McpConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """The tools that were chosen, as the server lists them now."""
        del parameters
        calls = await call.database.provided(McpPool).calls()
        return await calls.functions(config, call)

    async def call(self, config: McpConfig, call: ToolCall) -> ToolResult:
        """Calls a tool, and gives what it answers."""
        calls = await call.database.provided(McpPool).calls()
        return await calls.call(config, call)
