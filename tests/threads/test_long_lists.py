"""Lists that are long: what is counted, and pages far behind the first one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from athena.kit import repository
from athena.kit.db import Database, Scope
from athena.kit.ids import uuid_at
from tests.conftest import Tenant

PATH = "/api/v1/threads"
NAMES = [f"{number:02}" for number in range(13)]


@pytest.fixture
async def thirteen(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A workspace of thirteen threads, which here are many."""
    monkeypatch.setattr(repository, "MAXIMUM_COUNT", 10)
    monkeypatch.setattr(repository, "DEEP", 4)
    for name in NAMES:
        assert (await owner.post(PATH, {"name": name})).status_code == 201
    return owner


async def page(tenant: Tenant, query: str) -> dict[str, Any]:
    answer = await tenant.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walk(tenant: Tenant, query: str) -> list[str]:
    """The names on all pages, one page after the other."""
    found: list[str] = []
    current: dict[str, Any] | None = await page(tenant, query)
    while current:
        found += [thread["name"] for thread in current["data"]]
        current = (await tenant.get(current["links"]["next"])).json() if current["links"]["next"] else None
    return found


@pytest.mark.parametrize(
    "query",
    ["sort=name", "sort=name&search=_", "sort=name&search=%25%25%25", "sort=name&created_after=2026-01-01T00:00:00Z"],
)
@pytest.mark.parametrize("per_page", [1, 3, 4, 13])
async def test_pages_lead_through_every_row_from_either_end(thirteen: Tenant, query: str, per_page: int) -> None:
    expected = [] if "search" in query else NAMES
    assert await walk(thirteen, f"{query}&per_page={per_page}") == expected
    assert await walk(thirteen, f"{query.replace('name', '-name')}&per_page={per_page}") == expected[::-1]


async def test_a_total_without_filters_is_exact_however_great(thirteen: Tenant) -> None:
    for number in (1, 4, 5, 9):
        found = await page(thirteen, f"per_page=3&page={number}")
        assert (found["meta"]["total"], found["meta"]["last_page"]) == (13, 5)
        assert "total_at_least" not in found["meta"]
        assert len(found["data"]) == {1: 3, 4: 3, 5: 1, 9: 0}[number]


async def test_what_filters_leave_is_counted_up_to_a_limit(thirteen: Tenant) -> None:
    everything = f"per_page=3&creator_uuid={thirteen.user_uuid}"
    first = await page(thirteen, everything)
    assert (first["meta"]["total"], first["meta"]["total_at_least"]) == (10, True)
    assert (first["links"]["last"], first["meta"]["last_page"]) == (None, 4)
    beyond = await page(thirteen, f"{everything}&page=5")
    assert ([thread["name"] for thread in beyond["data"]], beyond["links"]["next"]) == (["00"], None)
    assert beyond["meta"]["total"] == 13
    few = await page(thirteen, "per_page=3&search=1")
    assert (few["meta"]["total"], "total_at_least" in few["meta"]) == (4, False)


async def test_times_narrow_a_list_to_the_millisecond(thirteen: Tenant) -> None:
    rows = (await page(thirteen, "sort=created_at&per_page=100"))["data"]
    for sort in ("created_at", "-created_at", "name"):
        query = f"sort={sort}&per_page=100&created_after={rows[2]['created_at']}&created_before={rows[6]['created_at']}"
        found = sorted(thread["name"] for thread in (await page(thirteen, query))["data"])
        assert found == [
            row["name"] for row in rows if rows[2]["created_at"] < row["created_at"] < rows[6]["created_at"]
        ]
    assert (await page(thirteen, "created_after=9999-12-31T00:00:00Z"))["data"] == []
    assert (await page(thirteen, "created_before=1900-01-01T00:00:00Z"))["data"] == []


async def add_threads(tenant: Tenant, database: Database, days: list[float]) -> None:
    """Threads that were made so many days after the begin of a year, each named by its place."""
    begin = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
    async with database.session(Scope(tenant.workspace_uuid)) as session:
        for number, at in enumerate(begin + timedelta(days=each) for each in days):
            await session.execute(
                "INSERT INTO threads (workspace_uuid, uuid, created_at, updated_at, name, metadata, last_message_at) "
                "VALUES ($1, $2, $3, $3, $4, '{}', $3)",
                tenant.workspace_uuid,
                uuid_at(at),
                at,
                f"{number:02}",
            )


async def test_pages_in_the_order_of_time_begin_where_they_should(
    owner: Tenant, stranger: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "DEEP", 1)
    # Several in three days, times at which there are none, and a single one.
    days = [0, 0.1, 0.2, 5, 40, 40.01, 40.02, 40.03, 200, 350, 350.5]
    names = [f"{number:02}" for number in range(len(days))]
    await add_threads(owner, database, days)
    await add_threads(stranger, database, [0.05, 20, 40.015])

    async def check() -> None:
        for per_page in (1, 2, 3, 5):
            assert await walk(owner, f"sort=created_at&per_page={per_page}") == names
            assert await walk(owner, f"per_page={per_page}") == names[::-1]
        assert (await page(owner, f"per_page=2&page={len(names)}"))["data"] == []

    async def fold() -> None:
        async with database.system() as session:
            while await session.value("SELECT athena_fold_counts()"):
                pass

    await check()
    await fold()
    await check()
    for gone in ("08", "03", "05", "00"):
        names.remove(gone)
        async with database.session(Scope(owner.workspace_uuid)) as session:
            await session.execute("DELETE FROM threads WHERE name = $1", gone)
        await check()
    await fold()
    await check()


async def test_times_without_rows_are_forgotten(owner: Tenant, database: Database) -> None:
    async def kept() -> list[int]:
        async with database.system() as session:
            while await session.value("SELECT athena_fold_counts()"):
                pass
            rows = await session.fetch(
                "SELECT count FROM row_count_spans WHERE workspace_uuid = $1 AND table_name = 'threads' ORDER BY span",
                owner.workspace_uuid,
            )
        return [row["count"] for row in rows]

    await add_threads(owner, database, [0, 10, 10.1])
    assert await kept() == [1, 2]
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await session.execute("DELETE FROM threads WHERE name <> '01'")
    assert await kept() == [1]


async def test_a_search_finds_few_rows_and_many_alike(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MAXIMUM_FOUND", 4)
    names = [f"{'even' if number % 2 == 0 else 'seldom'} {number}" for number in range(13)]
    for name in [*names[:9], *(f"even {number}" for number in range(20, 24))]:
        thread = (await owner.post(PATH, {"name": name})).json()["data"]["uuid"]
        await owner.post("/api/v1/messages", {"thread_uuid": thread, "content": f"{name} said"})
    seldom = [name for name in names[:9] if name.startswith("seldom")]
    for query in ("search=SELDOM", "search=seldom&cursor=", f"search=eldom&creator_uuid={owner.user_uuid}"):
        assert [thread["name"] for thread in (await page(owner, query))["data"]] == seldom[::-1]
    few = await page(owner, "search=seldom&per_page=2&page=2&sort=name")
    assert ([thread["name"] for thread in few["data"]], few["meta"]["total"]) == (seldom[2:], 4)
    many = await page(owner, "search=even&per_page=4")
    assert (many["meta"]["total"], many["meta"]["total_at_least"]) == (4, True)
    assert len(await walk(owner, "search=even&per_page=4")) == 9
    said = (await owner.get("/api/v1/messages?search=dom 3 said")).json()
    assert ([message["content"] for message in said["data"]], said["meta"]["total"]) == (["seldom 3 said"], 1)


async def test_a_search_sees_nothing_of_other_workspaces(owner: Tenant, stranger: Tenant, database: Database) -> None:
    await owner.post(PATH, {"name": "canary"})
    assert (await page(stranger, "search=canary"))["data"] == []
    async with database.session(Scope(stranger.workspace_uuid)) as session:
        assert await session.value("SELECT athena_find_threads('%canary%', 10)") == []
    async with database.session(Scope()) as session:
        assert await session.value("SELECT athena_find_threads('%canary%', 10)") == []


@pytest.mark.parametrize("share", ["most", "little"])
async def test_a_search_finds_the_same_whatever_part_of_the_table_is_its_own(
    owner: Tenant, stranger: Tenant, superuser: asyncpg.Connection[Any], share: str
) -> None:
    names = ["Refund 3999", "Refund 39990", "refund  3999", "3999 refund", "Refund 100%", "Refund 100\\%", "Rest_3999"]
    for tenant in (owner, stranger):
        for name in [*names, *(f"Refund {number}" for number in range(5))]:
            await tenant.post(PATH, {"name": name})
    async with superuser.transaction():
        await superuser.execute(
            "UPDATE pg_class SET reltuples = $1 WHERE oid = 'threads'::regclass", 0 if share == "most" else 1e9
        )
        await superuser.execute(f"SET LOCAL athena.workspace_uuid = '{owner.workspace_uuid}'")
        for text, expected in {
            "refund 3999": {"Refund 3999", "Refund 39990"},
            "REFUND": {name for name in names if name != "Rest_3999"} | {f"Refund {number}" for number in range(5)},
            "fund  3999": {"refund  3999"},
            "999": {name for name in names if "999" in name},
            "refund 100%": {"Refund 100%"},
            "refund 100\\": {"Refund 100\\%"},
            "st_39": {"Rest_3999"},
            "refund zebra": set[str](),
        }.items():
            found = await superuser.fetch(
                "SELECT workspace_uuid, name FROM threads WHERE uuid = ANY(athena_find_threads($1, 100))",
                repository.containing(text),
            )
            assert {(row["workspace_uuid"], row["name"]) for row in found} == {
                (owner.workspace_uuid, name) for name in expected
            }, text


async def test_a_search_among_many_leaves_out_what_is_frequent(owner: Tenant, database: Database) -> None:
    """The newest 200 say which words are rare, and whether a text is found among these."""
    frequent = [0.001 * number for number in range(300)]
    await add_threads(owner, database, frequent)
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await session.execute("UPDATE threads SET name = 'Question ' || name")

    async def found(text: str, most: int) -> int | None:
        async with database.session(Scope(owner.workspace_uuid)) as session:
            return await session.value(f"SELECT cardinality(athena_find_threads('%{text}%', {most}))")

    # The first ones are not among the newest.
    assert await found("question 07", 10) == 1
    assert await found("07", 10) == 3
    assert await found("question 07 none", 10) == 0
    assert await found("question", 300) == 300
    assert await found("question", 299) is None
    assert await found("question 29", 100) == 11
