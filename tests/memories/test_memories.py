"""Memories: where each counts, who knows of it, and what ends it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from athena.kit import clock
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.memories.conftest import Remember, found

NOBODY = "01980000-0000-7000-8000-000000000000"
Superuser = asyncpg.Connection


async def made(tenant: Tenant, what: str, **fields: Any) -> str:
    answer = await tenant.post(f"/api/v1/{what}", fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def listed(tenant: Tenant, **parameters: Any) -> list[str]:
    answer = await tenant.get("/api/v1/memories", params={"sort": "created_at", **parameters})
    assert answer.status_code == 200, answer.text
    return [each["content"] for each in answer.json()["data"]]


async def test_a_memory_is_made_read_changed_and_deleted(owner: Tenant) -> None:
    created = await owner.post("/api/v1/memories", {"content": "The shop opens at nine.", "with": "creator,user"})
    assert created.status_code == 201
    memory = created.json()["data"]
    path = f"/api/v1/memories/{memory['uuid']}"
    assert created.headers["Location"] == path
    assert {key: memory[key] for key in ("kind", "scope", "confidence", "used_count", "source", "score", "user")} == {
        "kind": "fact",
        "scope": "workspace",
        "confidence": 1.0,
        "used_count": 0,
        "source": None,
        "score": None,
        "user": None,
    }
    assert memory["creator"]["email"] == owner.email
    assert memory["embedding_model"] == "all-MiniLM-L6-v2-int8"
    assert (await owner.get(path)).headers["ETag"] == created.headers["ETag"]
    changes = {"content": "The shop opens at ten.", "confidence": 0.5, "kind": "knowledge"}
    changed = await owner.put(path, changes, headers={"If-Match": created.headers["ETag"]})
    assert changed.status_code == 200
    assert {key: changed.json()["data"][key] for key in changes} == changes
    assert (await owner.put(path, changes, headers={"If-Match": created.headers["ETag"]})).status_code == 412
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": "  \n"}, "content"),
        ({"content": "x" * 100_001}, "content"),
        ({"content": "a\u0000b"}, "content"),
        ({"content": "x", "kind": "rumour"}, "kind"),
        ({"content": "x", "confidence": 1.1}, "confidence"),
        ({"content": "x", "confidence": "1"}, "confidence"),
        ({"content": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"content": "x", "scope": "agent"}, "agent_uuid"),
        ({"content": "x", "scope": "thread", "agent_uuid": NOBODY}, "agent_uuid"),
        ({"content": "x", "user_uuid": NOBODY}, "user_uuid"),
        ({"content": "x", "source": {"type": "message"}}, "source"),
        ({"content": "x", "source": {"type": "url", "url": "javascript:alert(1)"}}, "source.url"),
        ({"content": "x", "source": {"type": "text", "url": "https://example.com/"}}, "source"),
        ({"content": "x", "source": {"type": "url", "url": "https://example.com/", "position": -1}}, "source.position"),
        ({"content": "x", "with": "thread"}, "with"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_memory_is_refused(owner: Tenant, body: dict[str, Any], field: str) -> None:
    answer = await owner.post("/api/v1/memories", body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["errors"]


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x", "scope": "agent", "agent_uuid": NOBODY},
        {"content": "x", "scope": "thread", "thread_uuid": NOBODY},
        {"content": "x", "scope": "user", "user_uuid": NOBODY},
        {"content": "x", "supersedes_uuid": NOBODY},
        {"content": "x", "source": {"type": "message", "uuid": NOBODY}},
        {"content": "x", "source": {"type": "media", "uuid": NOBODY}},
    ],
    ids=lambda body: str(list(body)[-1]),
)
async def test_what_it_names_must_exist_here(owner: Tenant, stranger: Tenant, body: dict[str, Any]) -> None:
    assert (await owner.post("/api/v1/memories", body)).status_code == 404
    thread = await made(stranger, "threads")
    foreign = {"content": "x", "scope": "thread", "thread_uuid": thread}
    assert (await owner.post("/api/v1/memories", foreign)).status_code == 404


async def test_another_workspace_does_not_see_it(owner: Tenant, stranger: Tenant, remember: Remember) -> None:
    memory = await remember(owner, "The safe's code is 4711.")
    unknown = await stranger.get(f"/api/v1/memories/{NOBODY}")
    for answer in (
        await stranger.get(f"/api/v1/memories/{memory['uuid']}"),
        await stranger.put(f"/api/v1/memories/{memory['uuid']}", {"content": "x"}),
        await stranger.delete(f"/api/v1/memories/{memory['uuid']}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == unknown.json()["detail"]
    assert not await found(stranger, "code of the safe")
    assert not await listed(stranger)


async def test_a_users_memory_is_for_that_user_owners_and_admins(make_tenant: MakeTenant, remember: Remember) -> None:
    owner = await make_tenant()
    one, other = [await make_tenant(Role.OPERATOR, owner.workspace_uuid) for _ in range(2)]
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    memory = await remember(one, "Is allergic to peanuts.", scope="user", kind="preference")
    assert memory["user_uuid"] == str(one.user_uuid)
    path = f"/api/v1/memories/{memory['uuid']}"
    unknown = (await other.get(f"/api/v1/memories/{NOBODY}")).json()
    for answer in (await other.get(path), await other.put(path, {"kind": "fact"}), await other.delete(path)):
        assert answer.status_code == 404
        assert answer.json()["detail"] == unknown["detail"]
    assert not await found(other, "peanuts")
    assert not await listed(other, user_uuid=str(one.user_uuid))
    for reader in (one, owner, admin):
        assert (await reader.get(path)).status_code == 200
        assert [each["uuid"] for each in await found(reader, "food allergies")] == [memory["uuid"]]
    supersede = await other.post("/api/v1/memories", {"content": "x", "supersedes_uuid": memory["uuid"]})
    assert supersede.status_code == 404


async def test_memories_of_other_users_are_kept_by_owners_and_admins(make_tenant: MakeTenant) -> None:
    owner = await make_tenant()
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    of_owner = {"content": "x", "scope": "user", "user_uuid": str(owner.user_uuid)}
    assert (await operator.post("/api/v1/memories", of_owner)).status_code == 403
    of_operator = {"content": "x", "scope": "user", "user_uuid": str(operator.user_uuid)}
    created = await owner.post("/api/v1/memories", of_operator)
    assert created.status_code == 201
    assert (await operator.get(created.headers["Location"])).status_code == 200
    handed = await operator.put(created.headers["Location"], {"user_uuid": str(owner.user_uuid)})
    assert handed.status_code == 403


async def test_a_viewer_reads_and_writes_nothing(make_tenant: MakeTenant, remember: Remember) -> None:
    owner = await make_tenant()
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    memory = await remember(owner, "Everybody may know.")
    assert await listed(viewer) == ["Everybody may know."]
    assert (await viewer.post("/api/v1/memories", {"content": "x"})).status_code == 403
    assert (await viewer.put(f"/api/v1/memories/{memory['uuid']}", {})).status_code == 403
    assert (await viewer.delete(f"/api/v1/memories/{memory['uuid']}")).status_code == 403


async def test_the_scope_can_change_with_its_id(owner: Tenant, remember: Remember) -> None:
    memory = await remember(owner, "Calls the van Bertha.", scope="user")
    path = f"/api/v1/memories/{memory['uuid']}"
    assert (await owner.put(path, {"thread_uuid": NOBODY})).status_code == 422
    assert (await owner.put(path, {"scope": "agent"})).status_code == 422
    shared = (await owner.put(path, {"scope": "workspace"})).json()["data"]
    assert (shared["scope"], shared["user_uuid"]) == ("workspace", None)
    agent = await made(owner, "agents", name="Driver")
    moved = (await owner.put(path, {"scope": "agent", "agent_uuid": agent})).json()["data"]
    assert (moved["scope"], moved["agent_uuid"]) == ("agent", agent)


@pytest.mark.parametrize("what", ["thread", "agent", "message", "source thread", "media"])
async def test_deleting_what_it_hangs_on_deletes_it(owner: Tenant, remember: Remember, what: str) -> None:
    thread = await made(owner, "threads")
    target: dict[str, Any]
    if what == "thread":
        path, target = f"threads/{thread}", {"scope": "thread", "thread_uuid": thread}
    elif what == "agent":
        agent = await made(owner, "agents", name="Driver")
        path, target = f"agents/{agent}", {"scope": "agent", "agent_uuid": agent}
    elif what == "message":
        message = await made(owner, "messages", thread_uuid=thread, content="My dog is called Rex.")
        path, target = f"messages/{message}", {"source": {"type": "message", "uuid": message}}
    elif what == "source thread":
        path, target = f"threads/{thread}", {"source": {"type": "thread", "uuid": thread, "position": 3}}
    else:
        files = {"file": ("facts.txt", b"The dog is called Rex.", "text/plain")}
        media = (await owner.post("/api/v1/media", files=files)).json()["data"]["uuid"]
        path, target = f"media/{media}", {"source": {"type": "media", "uuid": media}}
    memory = await remember(owner, "Has a dog called Rex.", **target)
    kept = await remember(owner, "Something else.")
    assert (await owner.delete(f"/api/v1/{path}")).status_code == 204
    assert (await owner.get(f"/api/v1/memories/{memory['uuid']}")).status_code == 404
    assert (await owner.get(f"/api/v1/memories/{kept['uuid']}")).status_code == 200


async def test_deleting_a_thread_takes_what_its_messages_told(owner: Tenant, remember: Remember) -> None:
    thread = await made(owner, "threads")
    message = await made(owner, "messages", thread_uuid=thread, content="My dog is called Rex.")
    source = {"type": "message", "uuid": message, "position": 0}
    memory = await remember(owner, "Has a dog called Rex.", source=source)
    untold = dict.fromkeys(("url", "title", "location", "agent_source_uuid"))
    assert memory["source"] == {**source, **untold}
    assert await listed(owner, source_uuid=message, source_type="message") == ["Has a dog called Rex."]
    assert not await listed(owner, source_type="url")
    await owner.delete(f"/api/v1/threads/{thread}")
    assert not await listed(owner)


async def test_what_is_superseded_is_found_no_more(owner: Tenant, remember: Remember) -> None:
    old = await remember(owner, "The office is in Bonn.")
    new = await remember(owner, "The office is in Berlin.", supersedes_uuid=old["uuid"])
    assert await listed(owner) == ["The office is in Berlin."]
    assert [each["uuid"] for each in await found(owner, "Where is the office?")] == [new["uuid"]]
    every = await found(owner, "Where is the office?", include_superseded="true")
    assert {each["uuid"] for each in every} == {old["uuid"], new["uuid"]}
    assert len(await listed(owner, include_superseded="true")) == 2
    assert (await owner.get(f"/api/v1/memories/{old['uuid']}")).status_code == 200
    await owner.delete(f"/api/v1/memories/{new['uuid']}")
    assert await listed(owner) == ["The office is in Bonn."]


async def test_what_was_superseded_twice_stays_so_when_the_middle_goes(owner: Tenant, remember: Remember) -> None:
    first = await remember(owner, "The office is in Bonn.")
    second = await remember(owner, "The office is in Berlin.", supersedes_uuid=first["uuid"])
    third = await remember(owner, "The office is in Trier.", supersedes_uuid=second["uuid"])
    await owner.delete(f"/api/v1/memories/{second['uuid']}")
    assert await listed(owner) == ["The office is in Trier."]
    present = (await owner.get(f"/api/v1/memories/{third['uuid']}")).json()["data"]
    assert present["supersedes_uuid"] == first["uuid"]
    await owner.delete(f"/api/v1/memories/{third['uuid']}")
    assert await listed(owner) == ["The office is in Bonn."]


async def test_what_goes_with_its_source_leaves_the_rest_in_order(owner: Tenant, remember: Remember) -> None:
    threads = [await made(owner, "threads") for _ in range(2)]
    memories: list[dict[str, Any]] = []
    for number, thread in enumerate([threads[0], threads[1], threads[1], threads[0]]):
        older = {"supersedes_uuid": memories[-1]["uuid"]} if memories else {}
        source = {"type": "thread", "uuid": thread}
        memories.append(await remember(owner, f"State {number}", source=source, **older))
    await owner.delete(f"/api/v1/threads/{threads[1]}")
    assert await listed(owner) == ["State 3"]
    assert await listed(owner, include_superseded="true") == ["State 0", "State 3"]


async def test_only_the_same_place_is_superseded_and_never_in_a_circle(owner: Tenant, remember: Remember) -> None:
    first = await remember(owner, "One")
    mine = await owner.post("/api/v1/memories", {"content": "Mine", "scope": "user", "supersedes_uuid": first["uuid"]})
    assert mine.status_code == 422
    second = await remember(owner, "Two", supersedes_uuid=first["uuid"])
    third = await remember(owner, "Three", supersedes_uuid=second["uuid"])
    for target in (first, third):
        answer = await owner.put(f"/api/v1/memories/{first['uuid']}", {"supersedes_uuid": target["uuid"]})
        assert answer.status_code == 422
        assert "supersedes_uuid" in answer.json()["errors"]
    # A memory that has become one user's own hides nothing from the others.
    await owner.put(f"/api/v1/memories/{second['uuid']}", {"scope": "user"})
    assert set(await listed(owner)) == {"One", "Two", "Three"}


async def test_what_has_expired_is_gone(
    owner: Tenant, remember: Remember, superuser: Superuser[asyncpg.Record]
) -> None:
    soon = clock.rfc3339(clock.now() + timedelta(seconds=1))
    memory = await remember(owner, "The ticket is valid today.", expires_at=soon)
    assert memory["expires_at"] == soon
    assert await listed(owner) == ["The ticket is valid today."]
    await asyncio.sleep(1.1)
    assert not await listed(owner, include_superseded="true")
    assert not await found(owner, "ticket")
    for answer in (
        await owner.get(f"/api/v1/memories/{memory['uuid']}"),
        await owner.put(f"/api/v1/memories/{memory['uuid']}", {}),
    ):
        assert answer.status_code == 404


async def test_lists_are_filtered_sorted_and_paged(owner: Tenant, remember: Remember) -> None:
    agent = await made(owner, "agents", name="Driver")
    thread = await made(owner, "threads")
    await remember(owner, "First", kind="episode")
    await remember(owner, "Second", scope="agent", agent_uuid=agent)
    await remember(owner, "Third 100%", scope="thread", thread_uuid=thread)
    await remember(owner, "Fourth", scope="user")
    assert await listed(owner, kind="episode") == ["First"]
    assert await listed(owner, agent_uuid=agent) == ["Second"]
    assert await listed(owner, thread_uuid=thread) == ["Third 100%"]
    assert await listed(owner, user_uuid=str(owner.user_uuid), scope="user") == ["Fourth"]
    assert await listed(owner, search="0%") == ["Third 100%"]
    assert await listed(owner, sort="-used_count,created_at") == ["First", "Second", "Third 100%", "Fourth"]
    first = (await owner.get("/api/v1/memories?cursor=&per_page=3&sort=updated_at")).json()
    rest = (await owner.get(first["links"]["next"])).json()
    assert [each["content"] for each in [*first["data"], *rest["data"]]] == ["First", "Second", "Third 100%", "Fourth"]
    assert (await owner.get("/api/v1/memories?kind=rumour")).status_code == 422
    assert (await owner.get(f"/api/v1/memories?agent_uuid={uuid.uuid4()}")).json()["meta"]["total"] == 0
