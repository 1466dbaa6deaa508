"""What a process has for MCP servers: its library, loaded when the first of them is used, and sessions with them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from athena.config import McpServer
from athena.kit.egress import Egress

if TYPE_CHECKING:
    from athena.tools.mcp_calls import McpCalls
    from athena.tools.mcp_sessions import McpSessions

IDLE_SECONDS: Final = 60.0


class McpPool:
    """The MCP servers of one process.

    Args:
        egress: what every request to them goes through.
        programs: the servers that the operator lets run as programs, by name.
        idle_seconds: how long a session stays open that nobody uses.
    """

    def __init__(
        self, egress: Egress, programs: Mapping[str, McpServer] | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self.programs: Mapping[str, McpServer] = programs or {}
        self._egress = egress
        self._idle_seconds = idle_seconds
        self._calls: McpCalls | None = None

    async def calls(self) -> McpCalls:
        """Lists and calls tools. The first time the library is loaded, apart from the event loop."""
        if self._calls is None:
            await asyncio.to_thread(_load)
            # Nobody else runs between here and the end.
            self._calls = self._calls or self._made()
        return self._calls

    async def close(self) -> None:
        """Ends every session. Calls under way fail."""
        if self._calls is not None:
            await self._calls.sessions.close()

    def _made(self) -> McpCalls:
        calls, sessions = _load()
        return calls(sessions(self._egress, idle_seconds=self._idle_seconds), self.programs)


def _load() -> tuple[type[McpCalls], type[McpSessions]]:
    # Half a second and 30 MB, for those alone who use such tools.
    from athena.tools.mcp_calls import McpCalls  # noqa: PLC0415
    from athena.tools.mcp_sessions import McpSessions  # noqa: PLC0415

    return McpCalls, McpSessions
