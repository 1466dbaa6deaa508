"""Which MCP servers there are, and how one is connected to."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast
from uuid import UUID

import httpx2
import orjson
from mcp.client.client import Client
from mcp.client.session import MessageHandlerFnT
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from athena import __version__
from athena.accounts.credentials import Authentication
from athena.config import McpServer
from athena.kit.egress import Egress
from athena.kit.masking import Mask
from athena.tools.mcp_transport import EgressTransport

ANSWER_BYTES: Final = 2 * 1024 * 1024
CLIENT: Final = Implementation(name="athena", version=__version__)


class Server(Protocol):
    """A server, as somebody in a workspace is let in there. The same one is connected to once."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells its sessions from others."""
        ...

    @property
    def place(self) -> tuple[Any, ...]:
        """Where it is, for whom, whatever the credentials."""
        ...

    @property
    def mask(self) -> Mask:
        """Hides its secrets."""
        ...

    def client(self, egress: Egress, on_message: MessageHandlerFnT) -> AbstractAsyncContextManager[Client]:
        """A connection that is not open yet."""
        ...


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server over streamable HTTP."""

    workspace_uuid: UUID
    url: str
    account_uuid: UUID | None = None
    account: Authentication | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """New credentials make a new session."""
        account = self.account
        sent = [*sorted(account.headers.items()), *sorted(account.query.items())] if account else []
        return (*self.place, hashlib.sha256(orjson.dumps(sent)).digest())

    @property
    def place(self) -> tuple[Any, ...]:
        """Workspace, address and account."""
        return (self.workspace_uuid, self.url, self.account_uuid)

    @property
    def mask(self) -> Mask:
        """The account's."""
        return self.account.mask if self.account else Mask({})

    @asynccontextmanager
    async def client(self, egress: Egress, on_message: MessageHandlerFnT) -> AsyncGenerator[Client]:
        """Open while in use."""
        transport = EgressTransport(egress, self.url, self.account)
        async with (
            httpx2.AsyncClient(transport=transport, timeout=None, trust_env=False) as http,
            Client(
                streamable_http_client(self.url, http_client=http, max_sse_event_size=ANSWER_BYTES),
                message_handler=on_message,
                client_info=CLIENT,
                cache=None,
            ) as client,
        ):
            yield client


@dataclass(frozen=True, slots=True)
class StdioServer:
    """A program that the operator configured, run once for each workspace that uses it."""

    workspace_uuid: UUID
    name: str
    program: McpServer = field(repr=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """As :attr:`place`."""
        return self.place

    @property
    def place(self) -> tuple[Any, ...]:
        """Workspace and name."""
        return (self.workspace_uuid, "stdio", self.name)

    @property
    def mask(self) -> Mask:
        """Hides what its environment was given."""
        return Mask({value.get_secret_value(): f"[{name}]" for name, value in self.program.env.items()})

    @asynccontextmanager
    async def client(self, egress: Egress, on_message: MessageHandlerFnT) -> AsyncGenerator[Client]:
        """The program runs while it is open; it gets ``PATH``, ``HOME`` and the like, and what was configured."""
        del egress
        parameters = StdioServerParameters(
            command=self.program.command,
            args=self.program.args,
            env={name: value.get_secret_value() for name, value in self.program.env.items()},
        )
        # What it writes there may be anything; our own log is no place for it.
        transport = stdio_client(parameters, errlog=cast("Any", subprocess.DEVNULL))
        async with Client(transport, message_handler=on_message, client_info=CLIENT, cache=None) as client:
            yield client
