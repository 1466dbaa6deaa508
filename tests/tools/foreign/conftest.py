"""Ways to have a type of tool find its functions and call them, in a tenant's workspace and apart from any agent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.base import Discovery, ToolCall, ToolFailed, ToolFunction, ToolKind, ToolResult
from tests.conftest import Tenant
from tests.node_types.server import Server


@dataclass
class Bench:
    """A workspace in which tools are called, in the name of ``tenant``."""

    database: Database
    tenant: Tenant
    account_uuid: UUID | None = None
    permissions: frozenset[str] = ROLE_PERMISSIONS[Role.BUILDER]

    @property
    def access(self) -> Access:
        workspace = WorkspaceId(self.tenant.workspace_uuid)
        return Access(workspace, self.tenant.user_uuid, Role.BUILDER, self.permissions)

    @property
    def discovery(self) -> Discovery:
        access = self.access
        return Discovery(
            "tool", "", access, self.database, lambda: self.database.session(access.scope), self.account_uuid
        )

    async def functions(self, kind: ToolKind[Any], **config: Any) -> Sequence[ToolFunction]:
        """What a tool of this configuration offers."""
        return await kind.functions(kind.config.model_validate(config), None, self.discovery)

    async def function(self, kind: ToolKind[Any], **config: Any) -> ToolFunction:
        """The only function of a tool."""
        (found,) = await self.functions(kind, **config)
        return found

    async def call(
        self, kind: ToolKind[Any], config: Mapping[str, Any], function: str, *, seconds: float = 10.0, **arguments: Any
    ) -> ToolResult:
        """What a call gives."""
        access = self.access
        call = ToolCall(
            function=function,
            arguments=arguments,
            access=access,
            database=self.database,
            idempotency_key="key-1",
            seconds=seconds,
            session=lambda: self.database.session(access.scope),
            account_uuid=self.account_uuid,
        )
        return await kind.call(kind.config.model_validate(config), call)

    async def failure(
        self, kind: ToolKind[Any], config: Mapping[str, Any], function: str, *, seconds: float = 10.0, **arguments: Any
    ) -> ToolFailed:
        """The failure of a call that is to fail."""
        with pytest.raises(ToolFailed) as caught:
            await self.call(kind, config, function, seconds=seconds, **arguments)
        return caught.value

    async def undiscovered(self, kind: ToolKind[Any], **config: Any) -> ToolFailed:
        """Why no functions are found."""
        with pytest.raises(ToolFailed) as caught:
            await self.functions(kind, **config)
        return caught.value


@pytest.fixture
def bench(database: Database, owner: Tenant) -> Bench:
    return Bench(database, owner)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    started = Server()
    await started.start()
    yield started
    await started.stop()


async def account(
    tenant: Tenant, authentication: dict[str, Any], base_url: str | None, kind: str = "http", **credentials: Any
) -> UUID:
    """An account of a new provider."""
    given = {"name": "API", "kind": kind, "base_url": base_url, "authentication_config": authentication}
    provider = await tenant.post("/api/v1/providers", given)
    assert provider.status_code == 201, provider.text
    body = {"name": "A", "provider_uuid": provider.json()["data"]["uuid"], "credentials": credentials}
    made = await tenant.post("/api/v1/accounts", body)
    assert made.status_code == 201, made.text
    return UUID(made.json()["data"]["uuid"])
