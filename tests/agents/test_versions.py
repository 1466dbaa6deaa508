"""How an agent answers is kept in versions: told apart, compared, and restored."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

from athena.agents.comparison import compare, in_words
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant

PATH = "/api/v1/agents"


async def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Agent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def numbers(tenant: Tenant, path: str) -> list[int]:
    return [each["number"] for each in (await tenant.get(f"{path}/versions")).json()["data"]]


async def test_a_version_is_what_changes_the_answers(owner: Tenant) -> None:
    agent = await make(owner, model="one", system_prompt="Be brief.", memory={"recall": True})
    path = f"{PATH}/{agent['uuid']}"
    same = {"name": "New", "description": "x", "tags": ["a"], "model": "one", "memory": {"limit": 8}, "limits": {}}
    assert (await owner.put(path, same)).json()["data"]["version"] == 1
    for number, change in enumerate(
        (
            {"model": "two"},
            {"system_prompt": "Be kind."},
            {"metadata": {"temperature": 0}},
            {"output_schema": {"type": "object"}},
            {"fallback_models": [{"model": "other"}]},
            {"memory": {"limit": 3}},
            {"limits": {"turns": 2}},
            {"reflection": {}},
            {"team_uuids": [(await make(owner))["uuid"]]},
        ),
        start=2,
    ):
        assert (await owner.put(path, change)).json()["data"]["version"] == number
    assert await numbers(owner, path) == list(range(10, 0, -1))
    first = (await owner.get(f"{path}/versions/1?with=creator")).json()["data"]
    assert (first["agent_uuid"], first["number"], first["model"]) == (agent["uuid"], 1, "one")
    assert first["memory"] == {"recall": True, "extract": False, "extract_model": None, "limit": 8}
    assert first["creator"]["uuid"] == str(owner.user_uuid)
    newest = (await owner.get(f"{path}/versions/10")).json()["data"]
    shown = (await owner.get(path)).json()["data"]
    own = {"uuid", "created_at", "updated_at", "creator", "agent_uuid", "number"}
    assert {name: value for name, value in newest.items() if name not in own}.items() <= shown.items()
    assert shown["reflection"] == {"rounds": 1}


async def test_changes_at_the_same_time_are_each_kept(owner: Tenant) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}"
    answers = await asyncio.gather(*(owner.put(path, {"system_prompt": f"Number {n}."}) for n in range(6)))
    assert sorted(answer.json()["data"]["version"] for answer in answers) == list(range(2, 8))
    kept = (await owner.get(f"{path}/versions")).json()["data"]
    said = {answer.json()["data"]["version"]: answer.json()["data"]["system_prompt"] for answer in answers}
    assert {each["number"]: each["system_prompt"] for each in kept} == {1: None, **said}


async def test_an_old_version_is_restored_as_a_new_one(owner: Tenant) -> None:
    agent = await make(owner, model="one", limits={"turns": 3})
    path = f"{PATH}/{agent['uuid']}"
    await owner.put(path, {"name": "Renamed", "model": "two", "limits": {"turns": 5}, "reflection": {"rounds": 2}})
    restored = (await owner.post(f"{path}/versions/1/restore")).json()["data"]
    assert (restored["name"], restored["version"]) == ("Renamed", 3)
    assert (restored["model"], restored["limits"]["turns"], restored["reflection"]) == ("one", 3, None)
    again = await owner.post(f"{path}/versions/3/restore")
    assert again.json()["data"]["version"] == 3
    assert await numbers(owner, path) == [3, 2, 1]
    assert (await owner.post(f"{path}/versions/9/restore")).status_code == 404
    assert (await owner.post(f"{path}/versions/2/restore", headers={"If-Match": '"1"'})).status_code == 412


async def test_what_is_deleted_falls_out_of_all_versions(owner: Tenant, connect: Connect) -> None:
    account, colleague = str(await connect(owner)), (await make(owner))["uuid"]
    agent = await make(owner, account_uuid=account, team_uuids=[colleague])
    path = f"{PATH}/{agent['uuid']}"
    await owner.put(path, {"account_uuid": None, "team_uuids": []})
    await owner.delete(f"{PATH}/{colleague}")
    await owner.delete(f"/api/v1/accounts/{account}")
    restored = await owner.post(f"{path}/versions/1/restore")
    assert (restored.status_code, restored.json()["data"]["account_uuid"]) == (200, None)
    assert (restored.json()["data"]["team_uuids"], restored.json()["data"]["version"]) == ([], 2)


async def test_two_versions_are_compared_in_words(owner: Tenant) -> None:
    colleague = (await make(owner))["uuid"]
    agent = await make(owner, model="one", system_prompt="Be brief.\nBe kind.", metadata={"temperature": 1})
    path = f"{PATH}/{agent['uuid']}"
    prompt = "Be brief.\nBe very kind."
    change = {"system_prompt": prompt, "metadata": {"temperature": 0.5}, "team_uuids": [colleague], "model": None}
    await owner.put(path, {**change, "limits": {"turns": 4}})
    told = (await owner.get(f"{path}/versions/2/changes?since=1")).json()["data"]
    assert (told["before"], told["after"]) == (1, 2)
    changes = {each["path"]: each for each in told["changes"]}
    assert list(changes) == ["model", "system_prompt", "metadata.temperature", "team_uuids", "limits.turns"]
    assert changes["system_prompt"]["lines"] == ["@@ -1,2 +1,2 @@", " Be brief.", "-Be kind.", "+Be very kind."]
    assert (changes["limits.turns"]["before"], changes["limits.turns"]["after"]) == (20, 4)
    assert told["summary"] == [
        "model is no longer set; it was one",
        "system_prompt: from Be brief. Be kind. to Be brief. Be very kind.",
        "metadata.temperature: from 1.0 to 0.5",
        f"team_uuids: {colleague} was added",
        "limits.turns: from 20 to 4",
    ]
    assert (await owner.get(f"{path}/versions/2/changes?since=2")).json()["data"]["changes"] == []
    assert (await owner.get(f"{path}/versions/2/changes?since=9")).status_code == 404


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES), st.dictionaries(st.text(max_size=3), VALUES))
def test_only_the_same_is_no_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = compare(before, after)
    assert len(in_words(changes)) == len(changes)
    assert all(each["before"] != each["after"] for each in changes)
    if before == after:
        assert changes == []
    if {key for key, value in before.items() if value is not None} != {k for k, v in after.items() if v is not None}:
        assert changes


async def test_an_agents_versions_go_with_it(owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record]) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}"
    await owner.put(path, {"model": "x"})
    await owner.put(f"{path}/channels/production", {"version": 1, "split": {"version": 2, "weight": 0.5}})
    assert (await owner.delete(path)).status_code == 204
    for rest in ("/versions", "/versions/1", "/channels", "/channels/production", "/channels/draft"):
        assert (await owner.get(path + rest)).status_code == 404
    for table in ("agent_versions", "agent_channels"):
        kept = f"SELECT count(*) FROM {table} WHERE workspace_uuid = $1"
        assert await superuser.fetchval(kept, owner.workspace_uuid) == 0


async def test_versions_of_others_are_not_there(owner: Tenant, stranger: Tenant) -> None:
    agent = await make(owner)
    for uuid in (agent["uuid"], str(uuid4())):
        for answer in (
            await stranger.get(f"{PATH}/{uuid}/versions"),
            await stranger.get(f"{PATH}/{uuid}/versions/1"),
            await stranger.get(f"{PATH}/{uuid}/versions/1/changes?since=1"),
            await stranger.post(f"{PATH}/{uuid}/versions/1/restore"),
        ):
            assert answer.status_code == 404


async def test_who_may_see_versions_may_not_restore_them(owner: Tenant, make_tenant: MakeTenant) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}"
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await operator.get(f"{path}/versions/1")).status_code == 200
    answer = await operator.post(f"{path}/versions/1/restore")
    assert (answer.status_code, "agents.update" in answer.json()["detail"]) == (403, True)
