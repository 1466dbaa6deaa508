"""What a deleted workspace or thread takes along, and who may end another's service token."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from athena.kit.db import Database
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant


async def said(tenant: Tenant, connect: Connect) -> tuple[str, str]:
    """A thread in which something was said, and its run."""
    account = await connect(tenant)
    agent = await tenant.post("/api/v1/agents", {"name": "A", "account_uuid": str(account), "model": "mock"})
    body = {"agent_uuid": agent.json()["data"]["uuid"]}
    thread = (await tenant.post("/api/v1/threads", body)).json()["data"]["uuid"]
    run = await tenant.post(f"/api/v1/threads/{thread}/run", {"message": "[[say:canary words]]"})
    assert run.status_code == 200, run.text
    return thread, run.json()["data"]["uuid"]


@pytest.fixture
async def providers(database: Database) -> None:
    """The built-in providers, as each start stores them."""
    from athena.providers.service import sync_builtin

    async with database.system() as session:
        await sync_builtin(session)


async def events(superuser: asyncpg.Connection[Any], tenant: Tenant) -> int:
    return await superuser.fetchval("SELECT count(*) FROM run_events WHERE workspace_uuid = $1", tenant.workspace_uuid)


@pytest.mark.usefixtures("providers")
async def test_a_deleted_thread_takes_what_was_said_along(
    owner: Tenant, connect: Connect, superuser: asyncpg.Connection[Any]
) -> None:
    thread, run = await said(owner, connect)
    assert await events(superuser, owner) > 0
    assert (await owner.delete(f"/api/v1/threads/{thread}")).status_code == 204
    assert (await owner.get(f"/api/v1/runs/{run}")).status_code == 404
    assert await events(superuser, owner) == 0


@pytest.mark.usefixtures("providers")
async def test_a_deleted_workspace_takes_its_runs_along(
    owner: Tenant, connect: Connect, superuser: asyncpg.Connection[Any]
) -> None:
    other = (await owner.post("/api/v1/workspaces", {"name": "Second"})).json()["data"]["uuid"]
    await said(owner, connect)
    assert (await owner.delete(f"/api/v1/workspaces/{owner.workspace_uuid}")).status_code == 204
    assert await events(superuser, owner) == 0
    assert (await owner.get(f"/api/v1/workspaces/{other}")).status_code == 200


async def test_an_operator_does_not_end_the_owners_service_token(owner: Tenant, make_tenant: MakeTenant) -> None:
    here = f"?workspace_uuid={owner.workspace_uuid}"
    body = {"name": "Deploy", "kind": "service", "workspace_uuid": str(owner.workspace_uuid)}
    token = (await owner.post("/api/v1/tokens", body)).json()["data"]["uuid"]
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    refused = await operator.delete(f"/api/v1/tokens/{token}{here}")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_above_own")
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    assert (await admin.delete(f"/api/v1/tokens/{token}{here}")).status_code == 204


async def test_the_type_of_a_problem_leads_somewhere(owner: Tenant) -> None:
    problem = (await owner.get("/api/v1/threads/01980000-0000-7000-8000-000000000000")).json()
    page = await owner.get(problem["type"].partition("#")[0])
    assert page.status_code == 200
    assert f'id="{problem["code"]}"' in page.text
