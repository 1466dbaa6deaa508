"""Sessions with MCP servers: one for a server and an account, shared for a while by all of a process's calls."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from mcp.client.client import Client
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.shared.exceptions import MCPError
from mcp_types import Tool, ToolListChangedNotification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from athena.kit import clock
from athena.kit.egress import Egress
from athena.tools.base import ToolFailed
from athena.tools.mcp_failures import Lost, failure_of, opening_failed
from athena.tools.mcp_pool import IDLE_SECONDS
from athena.tools.mcp_servers import ANSWER_BYTES, Server
from athena.tools.mcp_transport import EXCHANGE, Exchange

OLDEST_SECONDS: Final = 1_800.0
CONNECT_SECONDS: Final = 20.0
CLOSE_SECONDS: Final = 3.0
GRACE_SECONDS: Final = 2.0
"""Beyond a call's own time, for telling the server that it is given up."""
SESSIONS: Final = 200
REQUESTS: Final = 60
"""HTTP requests that one call may take, reconnections included."""
OWN_BYTES: Final = 16 * 1024 * 1024
OWN_REQUESTS: Final = 200
CHANGES: Final = 2_000

T = TypeVar("T")
Ask = Callable[["McpSession"], Awaitable[T]]
Heard = Callable[[datetime], None]
"""Is told that a server's tools are others since a moment."""


@dataclass(slots=True)
class McpSession:
    """A connection that is open; ``tools`` is its list of them, once somebody asked."""

    client: Client
    tools: list[Tool] | None = None
    listeners: dict[UUID, Heard] = field(default_factory=dict[UUID, Heard])
    """By the tools that were called over it: who is told when the server tells of a change."""


@dataclass(eq=False, slots=True)
class _Entry:
    """A session with the task that opened it, and alone can close it."""

    born: float
    opened: asyncio.Future[McpSession]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0
    idle: asyncio.TimerHandle | None = None
    owner: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self.idle is not None:
            self.idle.cancel()
        self.closing.set()


class McpSessions:
    """The sessions of one process. Create it inside a running event loop.

    Args:
        egress: what every request of theirs goes through.
        idle_seconds: how long a session stays open that nobody uses.
    """

    def __init__(self, egress: Egress, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._egress = egress
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()
        self._owners: set[asyncio.Task[None]] = set()
        self._changed: OrderedDict[tuple[Any, ...], datetime] = OrderedDict()
        # What a server says ends up in the SDK's log; ours has nothing of it.
        for name in ("mcp", "client"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    async def ask(self, server: Server, ask: Ask[T], *, seconds: float, repeatable: bool) -> T:
        """What ``ask`` gives with a session of ``server``; :class:`ToolFailed` when that does not work.

        A session that turns out to be gone is begun anew, once, and asked again: when nothing was done, or
        ``repeatable``.
        """
        deadline = self._loop.time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                try:
                    return await self._ask(server, ask, deadline)
                except Lost as lost:
                    if lost.unknown and not repeatable:
                        raise
                return await self._ask(server, ask, deadline)
        except TimeoutError as error:
            raise ToolFailed("timeout", "The MCP server did not answer in time.", unknown=True) from error

    def changed_at(self, server: Server) -> datetime | None:
        """When a session of this process last heard that the server's tools are others now."""
        return self._changed.get(server.place)

    def note_change(self, server: Server) -> None:
        """Has :meth:`changed_at` say that it is now."""
        self._changed[server.place] = clock.now()
        self._changed.move_to_end(server.place)
        while len(self._changed) > CHANGES:
            self._changed.popitem(last=False)

    async def close(self) -> None:
        """Ends every session. Calls under way fail."""
        for entry in [*self._entries.values()]:
            entry.close()
        if not self._owners:
            return
        _, late = await asyncio.wait(self._owners, timeout=CLOSE_SECONDS + 1)
        for owner in late:
            owner.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _ask(self, server: Server, ask: Ask[T], deadline: float) -> T:
        exchange = Exchange(deadline + GRACE_SECONDS, ANSWER_BYTES, REQUESTS)
        async with self._entered(server) as (entry, session):
            token = EXCHANGE.set(exchange)
            try:
                return await ask(session)
            except ToolFailed:
                raise
            except Exception as error:
                failure = failure_of(error, exchange, server.mask)
                if isinstance(failure, Lost):
                    self._forget(server.key, entry)
                    entry.close()
                raise failure from error
            finally:
                EXCHANGE.reset(token)

    @contextlib.asynccontextmanager
    async def _entered(self, server: Server) -> AsyncGenerator[tuple[_Entry, McpSession]]:
        entry = self._entries.get(server.key)
        now = self._loop.time()
        if entry is None or entry.closing.is_set() or entry.born + OLDEST_SECONDS < now:
            entry = self._begun(server)
        self._entries.move_to_end(server.key)
        entry.users += 1
        if entry.idle is not None:
            entry.idle.cancel()
        try:
            yield entry, await asyncio.shield(entry.opened)
        finally:
            entry.users -= 1
            if not entry.users:
                entry.idle = self._loop.call_later(self._idle_seconds, entry.close)

    def _begun(self, server: Server) -> _Entry:
        former = self._entries.pop(server.key, None)
        if former is not None and not former.users:
            former.close()
        if len(self._entries) >= SESSIONS:
            key = next((key for key, entry in self._entries.items() if not entry.users), None)
            if key is None:
                raise ToolFailed("too_many_sessions", "Too many MCP servers are in use at once; try again later.")
            self._entries.pop(key).close()
        entry = _Entry(self._loop.time(), self._loop.create_future())
        # A failure is told to whoever waits, who may be nobody.
        entry.opened.add_done_callback(lambda opened: opened.cancelled() or opened.exception())
        entry.owner = asyncio.create_task(self._own(server, entry), context=contextvars.Context())
        self._owners.add(entry.owner)
        entry.owner.add_done_callback(self._owners.discard)
        self._entries[server.key] = entry
        return entry

    def _forget(self, key: tuple[Any, ...], entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]

    async def _own(self, server: Server, entry: _Entry) -> None:
        """Opens a session, waits until it is to be closed, and closes it."""
        exchange = Exchange(self._loop.time() + CONNECT_SECONDS, ANSWER_BYTES, REQUESTS)
        EXCHANGE.set(exchange)

        session: McpSession | None = None

        async def on_message(message: IncomingMessage) -> None:
            if isinstance(message, ToolListChangedNotification):
                self.note_change(server)
                if session is not None:
                    session.tools = None
                    for heard in session.listeners.values():
                        heard(clock.now())

        try:
            async with contextlib.AsyncExitStack() as stack:
                async with asyncio.timeout_at(exchange.deadline + GRACE_SECONDS):
                    client = await stack.enter_async_context(server.client(self._egress, on_message))
                exchange.deadline = self._loop.time() + OLDEST_SECONDS + IDLE_SECONDS
                exchange.room, exchange.requests = OWN_BYTES, OWN_REQUESTS
                session = McpSession(client)
                entry.opened.set_result(session)
                listening = asyncio.create_task(_listen(client))
                await entry.closing.wait()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                exchange.deadline = self._loop.time() + CLOSE_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever a server makes of its connection ends here
            if not entry.opened.done():
                entry.opened.set_exception(opening_failed(error, exchange, server.mask))
        finally:
            entry.closing.set()
            self._forget(server.key, entry)
            if not entry.opened.done():
                entry.opened.set_exception(ToolFailed("unavailable", "Athena is being stopped; try again."))


async def _listen(client: Client) -> None:
    """Has a server of the newer protocol, which tells nothing unasked, tell of changes for as long as it does."""
    tools = client.server_capabilities.tools
    if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or tools is None or not tools.list_changed:
        return
    with contextlib.suppress(ListenNotSupportedError, SubscriptionLost, MCPError):
        async with client.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                # The session's own handler has been told, too.
                continue
