"""The nodes `memory_write` and `memory_search`."""

from __future__ import annotations

from typing import Any

import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.node_types.conftest import Bench


async def test_what_was_stored_is_found(bench: Bench, owner: Tenant) -> None:
    wrote = await bench.perform("memory_write", {"content": "{{ input }} likes green tea."}, given="Ada")
    await bench.perform("memory_write", {"content": "The office opens at nine."}, key="k-2")
    memory = wrote.outputs["output"]
    assert memory == {"uuid": memory["uuid"], "content": "Ada likes green tea.", "kind": "fact", "scope": "workspace"}
    found = (await bench.perform("memory_search", {"query": "Whose tea is green?", "limit": 1})).outputs["output"]
    assert [(each["uuid"], each["content"], each["kind"]) for each in found] == [
        (memory["uuid"], "Ada likes green tea.", "fact")
    ]
    assert 0 < found[0]["score"] <= 1
    shown = (await owner.get(f"/api/v1/memories/{memory['uuid']}")).json()["data"]
    assert shown["used_count"] == 1


async def test_a_repetition_stores_nothing_twice(bench: Bench, owner: Tenant) -> None:
    first, again = [await bench.perform("memory_write", {"content": "Once."}, key="k") for _ in range(2)]
    assert first == again
    assert len((await owner.get("/api/v1/memories")).json()["data"]) == 1


async def test_a_memory_counts_where_it_was_stored_for(bench: Bench, owner: Tenant, make_tenant: MakeTenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "A", "model": "m"})).json()["data"]["uuid"]
    stored = {"kind": "preference", "confidence": 0.5, "expires_at": "2099-01-01T00:00:00Z"}
    await bench.perform("memory_write", {"content": "Tea of agents", "scope": "agent", "agent_uuid": agent, **stored})
    await bench.perform("memory_write", {"content": "Tea of mine", "scope": "user"}, key="k-2")
    places: list[dict[str, Any]] = [{}, {"agent_uuid": agent}, {"user_uuid": str(owner.user_uuid)}]
    found = [(await bench.perform("memory_search", {"query": "tea", **place})).outputs["output"] for place in places]
    assert [[memory["content"] for memory in each] for each in found] == [[], ["Tea of agents"], ["Tea of mine"]]
    colleague = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    theirs = await Bench(bench.database, colleague).perform(
        "memory_search", {"query": "tea", "user_uuid": str(owner.user_uuid)}
    )
    assert theirs.outputs["output"] == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"content": "x", "scope": "agent"}, "validation_failed"),
        ({"content": "x", "expires_at": "2020-01-01T00:00:00Z"}, "validation_failed"),
        ({"content": "x", "scope": "thread", "thread_uuid": "0198c0de-0000-7000-8000-000000000001"}, "not_found"),
    ],
)
async def test_what_cannot_be_stored_is_told(bench: Bench, data: dict[str, Any], code: str) -> None:
    assert (await bench.failure("memory_write", data)).code == code


async def test_who_may_not_does_not(bench: Bench) -> None:
    bench.role = Role.VIEWER
    assert (await bench.failure("memory_write", {"content": "x"})).code == "permission_denied"


async def test_another_workspace_s_memories_are_not_found(bench: Bench, stranger: Tenant) -> None:
    await Bench(bench.database, stranger).perform("memory_write", {"content": "Their tea."})
    assert (await bench.perform("memory_search", {"query": "tea"})).outputs["output"] == []
