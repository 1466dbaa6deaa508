"""The metrics of all workspaces that a user is in."""

from __future__ import annotations

from athena.auth.service import create_token
from athena.kit import clock
from athena.kit.db import Database
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.metrics.conftest import AddRun, Fold, agent

PATH = "/api/v1/workspaces/metrics"


async def test_each_workspace_comes_with_its_own_numbers(
    owner: Tenant, stranger: Tenant, add_run: AddRun, fold: Fold
) -> None:
    second = (await owner.post("/api/v1/workspaces", {"name": "Second"})).json()["data"]["uuid"]
    await owner.post(f"/api/v1/threads?workspace_uuid={second}", {})
    await add_run(owner, clock.now(), label=("agent_uuid", await agent(owner, "A")))
    await stranger.post("/api/v1/threads", {})
    for _ in range(2):
        answer = (await owner.get(f"{PATH}?sort=created_at&timezone=Europe/Berlin")).json()
        assert answer["meta"]["total"] == 2
        first, other = answer["data"]
        assert (first["uuid"], other["uuid"], other["name"]) == (str(owner.workspace_uuid), second, "Second")
        assert (first["agents"]["total"], first["threads"]["total"]) == (1, 0)
        assert (other["agents"]["total"], other["threads"]["total"]) == (0, 1)
        assert [bucket["value"] for bucket in other["threads"]["series"]] == [0] * 29 + [1]
        assert other["threads"]["previous_total"] == other["messages"]["total"] == 0
        assert first["workflow_executions"]["change"] is None
        await fold()


async def test_only_workspaces_that_the_user_is_in_are_there(
    owner: Tenant, stranger: Tenant, make_tenant: MakeTenant, database: Database
) -> None:
    guest = await make_tenant(role=Role.VIEWER, workspace_uuid=owner.workspace_uuid)
    await owner.post("/api/v1/threads", {})
    found = (await guest.get(PATH)).json()["data"]
    assert [(each["uuid"], each["threads"]["total"]) for each in found] == [(str(owner.workspace_uuid), 1)]
    assert str(owner.workspace_uuid) not in (await stranger.get(PATH)).text
    await owner.post("/api/v1/workspaces", {"name": "Second"})
    async with database.system() as session:
        _, secret = await create_token(
            session, user_uuid=owner.user_uuid, kind="service", name="bound", workspace_uuid=owner.workspace_uuid
        )
    bound = await owner.get(PATH, headers={"Authorization": f"Bearer {secret.text}"})
    assert [each["uuid"] for each in bound.json()["data"]] == [str(owner.workspace_uuid)]


async def test_they_are_a_list_with_at_most_100_buckets(owner: Tenant) -> None:
    for name in ("Alpha", "Beta"):
        await owner.post("/api/v1/workspaces", {"name": name})
    found = (await owner.get(f"{PATH}?search=eta&per_page=1")).json()
    assert ([each["name"] for each in found["data"]], found["meta"]["total"]) == (["Beta"], 1)
    by_cursor = (await owner.get(f"{PATH}?sort=name&per_page=2&cursor=")).json()
    assert len((await owner.get(by_cursor["links"]["next"])).json()["data"]) == 1
    period = "from=2026-01-01T00:00:00Z&to=2026-04-11T00:00:00Z"
    assert (await owner.get(f"{PATH}?{period}")).status_code == 200
    assert (await owner.get(f"{PATH}?{period}&interval=hour")).status_code == 422
