"""Ways to have one node do what it does, in a tenant's workspace and apart from any workflow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from athena.budgets.spending import Spender
from athena.engine import Engine
from athena.expressions import compile_text
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.node_types.base import EffectCall, NodeFailed, Result
from athena.node_types.registry import node_types
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.workflow_executions.interpreter import EVALUATED
from athena.workflows.configuration import Configuration
from tests.conftest import Connect, Tenant
from tests.node_types.server import Server
from tests.providers.conftest import built_in
from tests.runs.model_server import ModelServer

__all__ = ["built_in"]


@dataclass
class Bench:
    """A workspace in which nodes are performed, in the name of ``tenant``."""

    database: Database
    tenant: Tenant
    role: Role = Role.BUILDER
    run_uuid: UUID = field(default_factory=new_uuid)
    stopped: list[UUID] = field(default_factory=list[UUID])
    """The runs that nodes had cancelled."""

    async def perform(self, kind: str, data: Mapping[str, Any], **options: Any) -> Result:
        """What a node gives. ``secrets``: those that its expressions may name; other options as :meth:`call` has."""
        node_type: Any = node_types()[kind]
        configuration = Configuration(node_type, data)
        assert configuration.problems == []
        scope = {"input": options.get("given"), "secrets": options.pop("secrets", {})}
        return await node_type.execute(configuration.fill(scope), self.call(**options))

    async def failure(self, kind: str, data: Mapping[str, Any], **options: Any) -> NodeFailed:
        """The failure of a node that is to fail."""
        with pytest.raises(NodeFailed) as caught:
            await self.perform(kind, data, **options)
        return caught.value

    def call(self, given: Any = None, *, key: str = "key-1", seconds: float = 20.0) -> EffectCall:
        access = Access(
            WorkspaceId(self.tenant.workspace_uuid), self.tenant.user_uuid, self.role, ROLE_PERMISSIONS[self.role]
        )

        async def stop(run_uuid: UUID) -> None:
            self.stopped.append(run_uuid)
            async with self.database.session(access.scope) as session:
                await self.database.provided(Engine).cancel(session, access.workspace_uuid, run_uuid)

        def evaluate(text: str, **names: Any) -> Any:
            return compile_text(text, EVALUATED).evaluate({"input": given, **names})

        async def start(*_: Any, **__: Any) -> UUID:
            raise AssertionError("no workflow is started here")

        return EffectCall(
            node_id="node",
            input=given,
            arrivals={"input": [given]},
            evaluate=evaluate,
            access=access,
            database=self.database,
            run_uuid=self.run_uuid,
            spender=Spender(access.workspace_uuid, access.user_uuid, run_uuid=self.run_uuid),
            idempotency_key=key,
            seconds=seconds,
            emit=lambda _, __: None,
            session=lambda: self.database.session(access.scope),
            start_workflow=start,
            stop_run=stop,
        )


def problems(kind: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What saving a node with this configuration complains of: paths and messages."""
    return [(path, message) for path, _, message, _ in Configuration(node_types()[kind], data).problems]


@pytest.fixture
def bench(database: Database, owner: Tenant) -> Bench:
    return Bench(database, owner)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    started = Server()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def model() -> AsyncGenerator[ModelServer]:
    started = ModelServer()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def gate(model: ModelServer) -> AsyncGenerator[asyncio.Event]:
    """What an answer may wait for; open at the end."""
    opened = asyncio.Event()
    yield opened
    opened.set()
    await asyncio.sleep(0)


@pytest.fixture
async def asking(owner: Tenant, connect: Connect, model: ModelServer) -> dict[str, Any]:
    """The fields of a node that asks the scripted model."""
    return {"model": "small", "account_uuid": str(await connect(owner, model.url))}


async def http_account(tenant: Tenant, authentication: dict[str, Any], base_url: str | None, **credentials: Any) -> str:
    """The uuid of an account of a new provider of the kind ``http``."""
    given = {"name": "API", "kind": "http", "base_url": base_url, "authentication_config": authentication}
    provider = await tenant.post("/api/v1/providers", given)
    assert provider.status_code == 201, provider.text
    body = {"name": "A", "provider_uuid": provider.json()["data"]["uuid"], "credentials": credentials}
    account = await tenant.post("/api/v1/accounts", body)
    assert account.status_code == 201, account.text
    return account.json()["data"]["uuid"]
