"""Training is a run like others: followed, queued, cancelled, and gone on with after any death."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from athena.config import Settings
from athena.permissions import Role
from athena.training.tasks import QUEUE
from tests.conftest import SECRET_KEY, TESTS, MakeTenant, Tenant
from tests.training.conftest import TEXT, learnt, sources, train, trained
from tests.training.site import FakeSite, served
from tests.training.test_web import listed, page

PASSAGES = 40


@pytest.fixture
async def site() -> AsyncGenerator[FakeSite]:
    """One whose second page comes when it is let."""
    async with served() as opened:
        opened.held["/b"] = asyncio.Event()
        urls = [opened.put(path, page(f"Page {path}", f"Says {path}.")) for path in ("/a", "/b")]
        opened.put("/sitemap.xml", listed(*urls), "text/xml")
        yield opened


async def begun(tenant: Tenant, agent: str, site: FakeSite) -> dict[str, Any]:
    """A run that waits for the second page."""
    body = {"sources": [{"type": "url", "url": site.address, "sitemap": True}, TEXT]}
    answer = await tenant.post(f"{agent}/train", body)
    assert answer.status_code == 202, answer.text
    return answer.json()["data"]


async def until_asked(site: FakeSite, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while site.asked.count("/b") < times:  # noqa: ASYNC110 - what changes is in another task
            await asyncio.sleep(0.01)


async def status(tenant: Tenant, run: dict[str, Any], *expected: str) -> str:
    """The run's status, once it is one of those."""
    async with asyncio.timeout(20):
        while True:
            found = (await tenant.get(f"/api/v1/runs/{run['uuid']}")).json()["data"]["status"]
            if found in expected:
                return found
            await asyncio.sleep(0.02)


async def test_a_source_that_fails_keeps_no_other_from_being_learnt(owner: Tenant, agent: str, site: FakeSite) -> None:
    missing = {"type": "url", "url": f"{site.address}/missing"}
    run = await train(owner, agent, missing, TEXT)
    assert run["status"] == "succeeded"
    told = {each["status"]: each for each in run["output"]["sources"]}
    assert told["failed"]["error"]["code"] == "page_unreachable"
    assert told["completed"]["counts"]["chunks"] == 1
    assert {each["status"] for each in await sources(owner, agent)} == {"completed", "failed"}


async def test_a_run_that_learns_nothing_fails(owner: Tenant, agent: str, site: FakeSite) -> None:
    body = {"sources": [{"type": "url", "url": f"{site.address}/missing"}], "background": False}
    answer = await owner.post(f"{agent}/train", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "training_failed")
    assert "answered 404" in answer.json()["detail"]


async def test_a_cancelled_run_keeps_what_it_has_learnt(owner: Tenant, agent: str, site: FakeSite) -> None:
    run = await begun(owner, agent, site)
    await until_asked(site)
    assert (await sources(owner, agent, type="url"))[0]["status"] == "processing"
    cancelled = await owner.post(f"/api/v1/runs/{run['uuid']}/cancel")
    assert cancelled.status_code == 200
    await status(owner, run, "cancelled")
    found = await sources(owner, agent)
    assert [each["status"] for each in found] == ["cancelled", "cancelled"]
    assert found[0]["error"]["code"] == "run_cancelled"
    [kept] = await learnt(owner)
    assert kept["source"]["url"] == f"{site.address}/a"
    site.held["/b"].set()
    body = {"type": "url", "url": site.address, "sitemap": True}
    assert (await trained(owner, agent, body))["status"] == "completed"
    assert (await learnt(owner))[0]["uuid"] == kept["uuid"]


async def test_a_source_that_is_deleted_meanwhile_is_not_learnt(owner: Tenant, agent: str, site: FakeSite) -> None:
    run = await begun(owner, agent, site)
    await until_asked(site)
    [source] = await sources(owner, agent, type="url")
    assert (await owner.delete(f"{agent}/sources/{source['uuid']}")).status_code == 204
    site.held["/b"].set()
    await status(owner, run, "succeeded")
    output = (await owner.get(f"/api/v1/runs/{run['uuid']}")).json()["data"]["output"]
    assert output["sources"][0]["error"]["code"] == "source_gone"
    assert [each["source"]["type"] for each in await learnt(owner)] == ["text"]


async def test_a_later_run_takes_a_source_over(owner: Tenant, agent: str, site: FakeSite) -> None:
    first = await begun(owner, agent, site)
    await until_asked(site)
    second = (await owner.post(f"{agent}/train", {"sources": [TEXT]})).json()["data"]
    assert await status(owner, second, "queued", "succeeded") == "queued"
    site.held["/b"].set()
    await status(owner, second, "succeeded")
    await status(owner, first, "succeeded")
    [source] = await sources(owner, agent, type="text")
    assert (source["status"], source["run_uuid"]) == ("completed", second["uuid"])


async def test_a_process_trains_few_at_a_time(make_tenant: MakeTenant, site: FakeSite) -> None:
    assert QUEUE.most is not None
    tenants = [await make_tenant() for _ in range(QUEUE.most + 1)]
    runs: list[dict[str, Any]] = []
    for number, tenant in enumerate(tenants, start=1):
        agent = (await tenant.post("/api/v1/agents", {"name": "Shop"})).json()["data"]["uuid"]
        runs.append(await begun(tenant, f"/api/v1/agents/{agent}", site))
        if number <= QUEUE.most:
            await until_asked(site, number)
    assert await status(tenants[-1], runs[-1], "queued", "succeeded") == "queued"
    # The next one begins when a place is free, and not when somebody asks again after a while.
    await tenants[0].post(f"/api/v1/runs/{runs[0]['uuid']}/cancel")
    await until_asked(site, QUEUE.most + 1)
    for tenant, run in zip(tenants, runs, strict=True):
        await tenant.post(f"/api/v1/runs/{run['uuid']}/cancel")
        await status(tenant, run, "cancelled")


async def test_only_builders_train(owner: Tenant, agent: str, make_tenant: MakeTenant, stranger: Tenant) -> None:
    source = await trained(owner, agent, TEXT)
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert len(await sources(operator, agent)) == 1
    narrow = await make_tenant(Role.OWNER, owner.workspace_uuid, scopes=["agents.train"])
    media = {"sources": [{"type": "media", "media_uuid": source["uuid"]}]}
    for who, path, body, expected in (
        (operator, f"{agent}/train", {"sources": [TEXT]}, 403),
        (operator, f"{agent}/sources/{source['uuid']}/refresh", None, 403),
        (narrow, f"{agent}/train", media, 403),
        (owner, f"{agent}/train", media, 404),
        (stranger, f"{agent}/train", {"sources": [TEXT]}, 404),
    ):
        answer = await who.post(path, body)
        assert answer.status_code == expected, answer.text
    assert (await operator.delete(f"{agent}/sources/{source['uuid']}")).status_code == 403


async def test_knowledge_is_the_agents_own(owner: Tenant, agent: str, stranger: Tenant) -> None:
    await train(owner, agent, TEXT)
    other = (await owner.post("/api/v1/agents", {"name": "Other"})).json()["data"]["uuid"]
    assert await learnt(owner, agent_uuid=other) == await learnt(stranger) == []
    assert (await stranger.get(f"{agent}/sources")).status_code == 404


@pytest.mark.durability
@pytest.mark.parametrize("point", ["flush.committed:2", "intent.committed", "result.before_commit"])
async def test_a_kill_loses_and_repeats_nothing(
    owner: Tenant,
    agent: str,
    settings: Settings,
    database_url: str,
    superuser: asyncpg.Connection[asyncpg.Record],
    point: str,
) -> None:
    text = "\n\n".join(f"# Chapter {n}\n\nSays {n}." for n in range(PASSAGES))
    given = {
        "data_dir": str(settings.data_dir),
        "secret_key": SECRET_KEY,
        "url": database_url,
        "workspace_uuid": str(owner.workspace_uuid),
        "user_uuid": str(owner.user_uuid),
        "agent_uuid": agent.rpartition("/")[2],
        "batch": 5,
        "sources": [{"type": "text", "title": "Handbook", "text": text}],
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.training.worker_program",
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, "ATHENA_CRASH_POINT": point},
        cwd=TESTS.parent,
    )
    await program.communicate(json.dumps(given).encode())
    assert program.returncode == -signal.SIGKILL
    before = await superuser.fetch("SELECT uuid FROM memories WHERE workspace_uuid = $1", owner.workspace_uuid)
    [source] = await sources(owner, agent)
    await status(owner, {"uuid": source["run_uuid"]}, "succeeded")
    found = await learnt(owner, source)
    assert [each["source"]["location"] for each in found] == [f"Chapter {n}" for n in range(PASSAGES)]
    assert {row["uuid"] for row in before} <= {UUID(each["uuid"]) for each in found}
    [source] = await sources(owner, agent)
    assert (source["status"], source["counts"]["chunks"]) == ("completed", PASSAGES)
    events = (await owner.get(f"/api/v1/runs/{source['run_uuid']}/events")).text
    assert events.count("event: source.started") == events.count("event: source.completed") == 1
