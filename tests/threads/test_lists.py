"""Lists of threads: every way to page, sort, search and filter, and what they cost."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from athena.kit.db import Database, Scope
from tests.conftest import MakeTenant, Tenant
from tests.threads.queries import counted

PATH = "/api/v1/threads"


async def make(tenant: Tenant, *names: str, **fields: Any) -> list[dict[str, Any]]:
    answers = [await tenant.post(PATH, {"name": name, **fields}) for name in names]
    return [answer.json()["data"] for answer in answers]


async def page(tenant: Tenant, query: str) -> dict[str, Any]:
    answer = await tenant.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(tenant: Tenant, query: str) -> list[str]:
    return [thread["name"] for thread in (await page(tenant, query))["data"]]


async def test_pages_are_numbered_and_counted(owner: Tenant) -> None:
    await make(owner, *"abcdefg")
    first = await page(owner, "per_page=3&sort=name")
    assert [thread["name"] for thread in first["data"]] == ["a", "b", "c"]
    base = f"{PATH}?per_page=3&sort=name"
    assert first["links"] == {
        "first": f"{base}&page=1",
        "last": f"{base}&page=3",
        "prev": None,
        "next": f"{base}&page=2",
    }
    assert first["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 3,
        "path": PATH,
        "per_page": 3,
        "to": 3,
        "total": 7,
    }
    middle = (await owner.get(first["links"]["next"])).json()
    assert [thread["name"] for thread in middle["data"]] == ["d", "e", "f"]
    last = (await owner.get(middle["links"]["next"])).json()
    assert ([thread["name"] for thread in last["data"]], last["links"]["next"]) == (["g"], None)
    assert (last["meta"]["from"], last["meta"]["to"], last["meta"]["total"]) == (7, 7, 7)
    beyond = await page(owner, "per_page=3&sort=name&page=9")
    assert (beyond["data"], beyond["meta"]["from"], beyond["meta"]["to"], beyond["meta"]["total"]) == (
        [],
        None,
        None,
        7,
    )
    assert beyond["links"]["prev"] == f"{base}&page=3"


async def test_an_empty_list_is_a_page(owner: Tenant) -> None:
    empty = await page(owner, "")
    assert (empty["data"], empty["meta"]["total"], empty["meta"]["last_page"]) == ([], 0, 1)
    assert empty["meta"]["per_page"] == 15
    by_cursor = await page(owner, "cursor=")
    assert by_cursor["links"] == {"prev": None, "next": None}
    assert by_cursor["meta"] == {"path": PATH, "per_page": 15, "next_cursor": None, "prev_cursor": None}


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "name", "-name", "name,-created_at", "-name,updated_at"])
async def test_cursors_lead_through_every_row_once_there_and_back(owner: Tenant, sort: str) -> None:
    await make(owner, *"babacbacabbcaab")
    expected = [thread["uuid"] for thread in (await page(owner, f"sort={sort}&per_page=100"))["data"]]
    seen: list[list[str]] = []
    current = await page(owner, f"sort={sort}&per_page=4&cursor=")
    assert current["links"]["prev"] is None
    while True:
        seen.append([thread["uuid"] for thread in current["data"]])
        if current["links"]["next"] is None:
            break
        # Whatever comes meanwhile neither repeats nor hides a row that was there.
        await make(owner, "A", "d")
        current = (await owner.get(current["links"]["next"])).json()
    forth = [uuid for rows in seen for uuid in rows]
    assert [uuid for uuid in forth if uuid in expected] == expected
    assert len(forth) == len(set(forth))
    back = [seen[-1]]
    while current["links"]["prev"]:
        current = (await owner.get(current["links"]["prev"])).json()
        back.append([thread["uuid"] for thread in current["data"]])
    known = [uuid for rows in reversed(back) for uuid in rows if uuid in expected]
    assert known == expected


async def test_every_sort_key_orders_both_ways(owner: Tenant) -> None:
    one, two, three = await make(owner, "b", "c", "a")
    await owner.put(f"{PATH}/{two['uuid']}", {"metadata": {"x": "y"}})
    await owner.post("/api/v1/messages", {"thread_uuid": one["uuid"], "content": "Hello"})
    for key, expected in (
        ("name", "abc"),
        ("created_at", "bca"),
        ("updated_at", "bac"),
        ("last_message_at", "cab"),
    ):
        assert "".join(await names(owner, f"sort={key}")) == expected, key
        assert "".join(await names(owner, f"sort=-{key}")) == expected[::-1], key
    assert three["name"] == "a"
    assert "".join(await names(owner, "")) == "acb"


async def test_several_sort_keys_mix_directions(owner: Tenant) -> None:
    rows = await make(owner, "x", "y", "x", "y", "x")
    order = [thread["uuid"] for thread in (await page(owner, "sort=-name,created_at"))["data"]]
    assert order == [rows[n]["uuid"] for n in (1, 3, 0, 2, 4)]
    order = [thread["uuid"] for thread in (await page(owner, "sort=name,-created_at"))["data"]]
    assert order == [rows[n]["uuid"] for n in (4, 2, 0, 3, 1)]


async def test_search_finds_text_as_it_is(owner: Tenant) -> None:
    await make(owner, "100 % wool", "100 wool", "under_score", "underscore", "back\\slash", "Grüße")
    for query, found in (
        ("100 %25", ["100 % wool"]),
        ("_", ["under_score"]),
        ("%5C", ["back\\slash"]),
        ("grÜSSe", []),
        ("GRÜ", ["Grüße"]),
        ("wool", ["100 wool", "100 % wool"]),
        ("'; DROP TABLE threads; --", []),
    ):
        assert await names(owner, f"search={query}") == found, query
        assert await names(owner, f"search={query}&cursor=") == found, query


async def test_filters_narrow_the_list_and_its_count(owner: Tenant, make_tenant: MakeTenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "A"})).json()["data"]["uuid"]
    colleague = await make_tenant(workspace_uuid=owner.workspace_uuid)
    (plain,) = await make(owner, "plain")
    (with_agent,) = await make(owner, "with agent", agent_uuid=agent)
    await make(colleague, "colleague's")
    assert await names(owner, f"agent_uuid={agent}") == ["with agent"]
    assert await names(owner, f"creator_uuid={colleague.user_uuid}") == ["colleague's"]
    assert await names(owner, f"agent_uuid={uuid4()}") == []
    after, before = plain["created_at"], with_agent["created_at"]
    assert await names(owner, f"created_after={after}&sort=created_at") == ["with agent", "colleague's"]
    assert await names(owner, f"created_before={before}") == ["plain"]
    narrowed = await page(owner, f"creator_uuid={owner.user_uuid}&per_page=1")
    assert (narrowed["meta"]["total"], narrowed["meta"]["last_page"]) == (2, 2)


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "page=0",
        "page=x",
        "per_page=0",
        "per_page=101",
        "page=1&page=2",
        "page=2&cursor=",
        "sort=colour",
        "sort=--name",
        "search=",
        "search=%00",
        "cursor=x",
        "cursor=W10",
        "cursor=%F0%9F%98%80",
        "agent_uuid=x",
        "created_after=yesterday",
        "created_after=2026-01-01T00:00:00",
        "created_after=0001-01-01T00:00:00%2B14:00",
        "with=owner",
        "workspace_uuid=x",
    ],
)
async def test_what_a_list_does_not_know_is_refused(owner: Tenant, query: str) -> None:
    answer = await owner.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_the_text_of_a_refusal_names_the_parameter(owner: Tenant) -> None:
    assert (await owner.get(f"{PATH}?colour=red")).json()["detail"] == "colour: Unknown query parameter."
    assert (await owner.get(f"{PATH}?page=1&page=2")).json()["detail"] == "page: Given more than once."


async def test_a_cursor_belongs_to_its_sort(owner: Tenant) -> None:
    await make(owner, "a", "b", "c")
    cursor = (await page(owner, "sort=name&per_page=1&cursor="))["meta"]["next_cursor"]
    for query in (f"sort=created_at&cursor={cursor}", f"sort=updated_at,name&cursor={cursor}", f"cursor={cursor[:-3]}"):
        assert (await owner.get(f"{PATH}?{query}")).status_code == 422


async def test_a_list_costs_three_queries_however_long_it_is(owner: Tenant, database: Database) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "A"})).json()["data"]["uuid"]
    (thread,) = await make(owner, "a", agent_uuid=agent)
    media = (await owner.request("POST", "/api/v1/media", files={"file": ("a.txt", b"text")})).json()["data"]["uuid"]
    attached = {"thread_uuid": thread["uuid"], "content": "See", "attachments": [{"media_uuid": media}]}
    assert (await owner.post("/api/v1/messages", attached)).status_code == 201
    await asyncio.gather(*(make(owner, "b", agent_uuid=agent) for _ in range(20)))
    for query, relations in (
        ("per_page=15", 0),
        ("per_page=15&cursor=", 0),
        ("with=agent", 1),
        ("with=attachments", 1),
        ("with=creator,agent,attachments,messages", 4),
    ):
        with counted(database) as queries:
            await page(owner, query)
        # One for the credentials, two for the list, one for each relation.
        assert len(queries) <= 3 + relations, "\n".join(text[:110] for text in queries)


@pytest.mark.parametrize(
    ("path", "relations"),
    [
        ("agents?with=creator,account,avatar", 3),
        ("messages?with=creator,attachments", 2),
        ("media?per_page=1", 0),
        ("runs?per_page=1", 0),
        ("messages?per_page=1&cursor=", 0),
    ],
)
async def test_other_lists_cost_no_more(owner: Tenant, database: Database, path: str, relations: int) -> None:
    file = {"file": ("a.txt", b"text")}
    media = [(await owner.request("POST", "/api/v1/media", files=file)).json()["data"]["uuid"] for _ in range(3)]
    for uuid in media:
        await owner.post("/api/v1/agents", {"name": "A"})
        (thread,) = await make(owner, "a")
        body = {"thread_uuid": thread["uuid"], "content": "See", "attachments": [{"media_uuid": uuid}]}
        assert (await owner.post("/api/v1/messages", body)).status_code == 201
    with counted(database) as queries:
        assert (await owner.get(f"/api/v1/{path}")).status_code == 200
    assert len(queries) <= 3 + relations, "\n".join(text[:110] for text in queries)


async def test_totals_are_right_at_once_and_after_folding(owner: Tenant, database: Database) -> None:
    async def totals() -> tuple[int, int]:
        found = [await owner.get(f"/api/v1/{name}?per_page=1&page=1") for name in ("threads", "messages")]
        first, second = (answer.json()["meta"]["total"] for answer in found)
        return first, second

    async def check(expected: tuple[int, int]) -> None:
        assert await totals() == expected
        async with database.system() as session:
            await session.value("SELECT athena_fold_counts()")
        assert await totals() == expected

    threads = await make(owner, "a", "b", "c")
    await check((3, 0))
    for thread in threads[:2]:
        for _ in range(3):
            await owner.post("/api/v1/messages", {"thread_uuid": thread["uuid"], "content": "Hello"})
    await check((3, 6))
    assert (await owner.delete(f"{PATH}/{threads[0]['uuid']}")).status_code == 204
    await check((2, 3))
    refused = await owner.post(PATH, {"agent_uuid": str(uuid4())})
    assert refused.status_code == 404
    await check((2, 3))
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await session.execute("DELETE FROM threads")
    await check((0, 0))


async def test_rows_of_others_stay_hidden_without_any_condition(
    owner: Tenant, stranger: Tenant, database: Database
) -> None:
    """Row-level security alone: plain SQL as the role that requests run with."""
    (mine,) = await make(owner, "mine")
    for tenant in (owner, stranger):
        thread = (await make(tenant, "thread"))[0]["uuid"]
        media = (await tenant.request("POST", "/api/v1/media", files={"file": ("a.txt", b"a")})).json()["data"]["uuid"]
        body = {"thread_uuid": thread, "content": "said", "attachments": [{"media_uuid": media}]}
        await tenant.post("/api/v1/messages", body)
        await tenant.post("/api/v1/agents", {"name": "agent"})
    tables = ("agents", "threads", "messages", "attachments", "media", "runs", "run_events")
    async with database.session(Scope(owner.workspace_uuid)) as session:
        for table in tables:
            rows = await session.fetch(f"SELECT DISTINCT workspace_uuid FROM {table}")
            assert {row["workspace_uuid"] for row in rows} <= {owner.workspace_uuid}, table
        assert await session.execute("UPDATE threads SET name = 'theirs'") == 2
        assert await session.execute("DELETE FROM messages WHERE true") == 1
    async with database.session(Scope()) as session:
        for table in tables:
            assert await session.value(f"SELECT count(*) FROM {table}") == 0
    assert await names(stranger, "") == ["thread"]
    assert (await stranger.get("/api/v1/messages")).json()["meta"]["total"] == 1
    moved = Scope(owner.workspace_uuid)
    with pytest.raises(Exception, match="row-level security"):
        async with database.session(moved) as session:
            await session.execute("UPDATE threads SET workspace_uuid = $1", stranger.workspace_uuid)
    assert (await owner.get(f"{PATH}/{mine['uuid']}")).json()["data"]["name"] == "theirs"


async def test_ids_grow_with_time(owner: Tenant) -> None:
    rows = await make(owner, *"abcd")
    assert all(one["uuid"] < two["uuid"] and one["uuid"][14] == "7" for one, two in pairwise(rows))
