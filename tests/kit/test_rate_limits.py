"""Each credential and each workspace may make so many requests a minute, and every answer tells how many are left."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from athena.kit import rate_limits
from athena.kit.db import Database
from athena.kit.errors import TooManyRequests
from athena.kit.ids import new_uuid
from athena.kit.rate_limits import RateLimits
from athena.permissions import Role
from athena.process import Process
from tests.conftest import MakeTenant, Tenant

THREADS = "/api/v1/threads"


@pytest.fixture
def few(process: Process, monkeypatch: pytest.MonkeyPatch) -> RateLimits:
    """Three requests a minute by a token, five in a workspace; it is the middle of a minute."""
    limits = RateLimits({"token": 3, "workspace": 5}, clock=lambda: 60_000_030.0)
    monkeypatch.setattr(process.authorizer, "limits", limits)
    return limits


def taken(limits: RateLimits, uuid: Any, name: str = "token") -> bool:
    try:
        limits.count({}, name, uuid)
    except TooManyRequests:
        return False
    return True


async def test_an_answer_tells_what_is_left(owner: Tenant) -> None:
    answer = await owner.get(THREADS)
    assert answer.headers["ratelimit-policy"] == '"token";q=60000;w=60, "workspace";q=300000;w=60'
    assert re.fullmatch(r'"token";r=59999;t=\d+, "workspace";r=299999;t=\d+', answer.headers["ratelimit"])
    answer = await owner.get(THREADS)
    assert '"token";r=59998' in answer.headers["ratelimit"]


async def test_also_an_error_does(owner: Tenant, make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER)
    answers = [
        await owner.get(f"{THREADS}/{uuid4()}"),
        await owner.post(THREADS, {"name": 5}),
        await viewer.post(THREADS, {"name": "x"}),
    ]
    assert [each.status_code for each in answers] == [404, 422, 403]
    for answer in answers:
        assert re.fullmatch(r'"token";r=\d+;t=\d+, "workspace";r=\d+;t=\d+', answer.headers["ratelimit"])
    # Refused before anybody asks for the workspace.
    early = [
        await owner.get("/api/v1/user"),
        await owner.get(f"{THREADS}?nonsense=1"),
        await owner.request("POST", THREADS, content=b"{", headers={"Content-Type": "application/json"}),
        await owner.request("POST", THREADS, content=b"{}", headers={"Content-Type": "text/plain"}),
        await owner.get(f"{THREADS}?workspace_uuid={uuid4()}"),
    ]
    assert [each.status_code for each in early] == [200, 422, 400, 415, 404]
    for answer in early:
        assert re.fullmatch(r'"token";r=\d+;t=\d+', answer.headers["ratelimit"])


async def test_what_is_not_valid_counts_too(owner: Tenant, few: RateLimits) -> None:
    statuses = [(await owner.get(f"{THREADS}?nonsense=1")).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 429, 429]


async def test_who_is_not_known_is_told_nothing(client: httpx2.AsyncClient) -> None:
    answer = await client.get(THREADS, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_over_the_limit_of_a_token(owner: Tenant, few: RateLimits, make_tenant: MakeTenant) -> None:
    for left in (2, 1, 0):
        answer = await owner.get(THREADS)
        assert answer.status_code == 200
        assert answer.headers["ratelimit"].startswith(f'"token";r={left};t=')
    answer = await owner.get(THREADS)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["ratelimit"] == '"token";r=0;t=30'
    assert answer.headers["ratelimit-policy"] == '"token";q=3;w=60'
    colleague = await make_tenant(workspace_uuid=owner.workspace_uuid)
    assert [(await colleague.get(THREADS)).status_code for _ in range(2)] == [200, 200]
    over = await colleague.get(THREADS)
    assert (over.status_code, "one workspace" in over.json()["detail"]) == (429, True)
    assert (await colleague.get("/api/v1/user")).status_code == 429, "its own three are used up, too"
    other = await make_tenant()
    assert (await other.get(THREADS)).status_code == 200


async def test_what_asks_twice_who_calls_counts_once(owner: Tenant, few: RateLimits) -> None:
    answer = await owner.get(f"/api/v1/tokens?workspace_uuid={owner.workspace_uuid}")
    assert answer.headers["ratelimit"] == '"token";r=2;t=30, "workspace";r=4;t=30'


def test_no_limit() -> None:
    limits = RateLimits({"token": 0})
    state: dict[str, Any] = {}
    limits.count(state, "token", new_uuid())
    assert rate_limits.headers(state) == []


def test_a_new_minute_begins_anew() -> None:
    now = 120.0
    limits, uuid = RateLimits({"token": 1}, clock=lambda: now), new_uuid()
    assert [taken(limits, uuid), taken(limits, uuid)] == [True, False]
    now = 180.0
    assert taken(limits, uuid)


async def test_a_limit_holds_across_processes(database: Database) -> None:
    here, there = (RateLimits({"token": 10}, clock=lambda: 60_000_030.0) for _ in range(2))
    uuid = new_uuid()
    assert all(taken(each, uuid) for each in (here, there) for _ in range(4))
    for each in (here, there, here):
        await each.share(database)
        assert taken(each, uuid) is (each is here or sum_of(each, uuid) <= 10)
    for each in (here, there):
        await each.share(database)
    assert not taken(there, uuid)


def sum_of(limits: RateLimits, uuid: Any) -> int:
    count = limits._counts[b"t" + uuid.bytes]
    return count.shared + count.own


async def test_counts_of_all_are_added_once(database: Database) -> None:
    here, there = (RateLimits({"token": 1000}, clock=lambda: 60_000_030.0) for _ in range(2))
    uuid = new_uuid()
    for each in (here, there):
        for _ in range(5):
            taken(each, uuid)
    for _ in range(3):
        await here.share(database)
        await there.share(database)
    assert (sum_of(here, uuid), sum_of(there, uuid)) == (5, 10)
    taken(here, uuid)
    await here.share(database)
    assert sum_of(here, uuid) == 11


async def test_the_memory_is_bounded_and_old_counts_go(
    database: Database, superuser: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "KEYS_MOST", 10)
    now = 60_000_030.0
    limits = RateLimits({"token": 10}, clock=lambda: now)
    for _ in range(50):
        taken(limits, new_uuid())
    assert len(limits._counts) == 10
    await limits.share(database)
    now += 600
    await limits.sweep(database)
    assert await superuser.fetchval("SELECT count(*) FROM rate_counts WHERE period <= $1", 1_000_000) == 0
