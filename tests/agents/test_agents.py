"""Agents are made, listed, changed, versioned and deleted."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant

PATH = "/api/v1/agents"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


async def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Agent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def upload(tenant: Tenant, name: str, content: bytes) -> str:
    answer = await tenant.request("POST", "/api/v1/media", files={"file": (name, content)})
    return answer.json()["data"]["uuid"]


async def test_an_agent_is_kept_as_it_was_given(owner: Tenant, connect: Connect) -> None:
    account, avatar = await connect(owner), await upload(owner, "a.png", PNG)
    given = {
        "name": "Support",
        "description": "Helps.",
        "model": "gpt-4o-mini",
        "account_uuid": str(account),
        "system_prompt": "Be brief.\nBe kind. 🙂",
        "metadata": {"temperature": 0.5, "team": "blue"},
        "tags": ["one", "two"],
        "avatar_uuid": avatar,
        "with": "creator,account,avatar",
    }
    created = await owner.post(PATH, given)
    assert created.status_code == 201
    data = created.json()["data"]
    assert created.headers["location"] == f"{PATH}/{data['uuid']}"
    for key in ("name", "description", "model", "account_uuid", "system_prompt", "tags"):
        assert data[key] == given[key]
    assert data["metadata"] == {
        "model": None,
        "temperature": 0.5,
        "max_tokens": None,
        "system_prompt": None,
        "conversation_style": None,
        "team": "blue",
    }
    assert data["version"] == 1
    assert (data["creator"]["uuid"], data["account"]["uuid"]) == (str(owner.user_uuid), str(account))
    assert (data["avatar"]["uuid"], data["avatar"]["mime_type"]) == (avatar, "image/png")
    assert "sk-canary" not in created.text
    shown = await owner.get(created.headers["location"])
    assert shown.headers["etag"] == created.headers["etag"]
    assert shown.json()["data"] == {**data, "creator": None, "account": None, "avatar": None}
    (listed,) = (await owner.get(f"{PATH}?with=account")).json()["data"]
    assert (listed["account"]["uuid"], listed["creator"]) == (str(account), None)


async def test_a_change_names_what_changes_and_counts_as_a_version(owner: Tenant) -> None:
    agent = await make(owner, model="m", system_prompt="Old.", metadata={"max_tokens": 5, "team": "blue"}, tags=["a"])
    path = f"{PATH}/{agent['uuid']}"
    changed = (await owner.put(path, {"name": "New", "metadata": {"team": None, "temperature": 0}})).json()["data"]
    assert (changed["name"], changed["version"]) == ("New", 2)
    assert (changed["model"], changed["system_prompt"], changed["tags"]) == ("m", "Old.", ["a"])
    assert (changed["metadata"]["max_tokens"], changed["metadata"]["temperature"]) == (5, 0)
    assert "team" not in changed["metadata"]
    cleared = (await owner.put(path, {"model": None, "system_prompt": None, "tags": []})).json()["data"]
    assert (cleared["model"], cleared["system_prompt"], cleared["tags"], cleared["version"]) == (None, None, [], 3)


async def test_changes_at_the_same_time_are_each_a_version(owner: Tenant) -> None:
    path = f"{PATH}/{(await make(owner))['uuid']}"
    answers = await asyncio.gather(*(owner.put(path, {"metadata": {f"key{n}": "x"}}) for n in range(8)))
    assert sorted(answer.json()["data"]["version"] for answer in answers) == list(range(2, 10))
    metadata = (await owner.get(path)).json()["data"]["metadata"]
    assert {f"key{n}" for n in range(8)} <= metadata.keys()


async def test_a_stale_version_is_not_overwritten(owner: Tenant) -> None:
    created = await owner.post(PATH, {"name": "One"})
    path, first = created.headers["location"], {"If-Match": created.headers["etag"]}
    assert (await owner.put(path, {"name": "Two"}, headers=first)).status_code == 200
    for stale in (await owner.put(path, {"name": "Three"}, headers=first), await owner.delete(path, headers=first)):
        assert stale.status_code == 412
    assert (await owner.get(path)).json()["data"]["name"] == "Two"


async def test_a_deleted_agent_leaves_its_threads(owner: Tenant) -> None:
    agent = await make(owner)
    thread = (await owner.post("/api/v1/threads", {"agent_uuid": agent["uuid"]})).json()["data"]["uuid"]
    assert (await owner.delete(f"{PATH}/{agent['uuid']}")).status_code == 204
    assert (await owner.get(f"{PATH}/{agent['uuid']}")).status_code == 404
    shown = (await owner.get(f"/api/v1/threads/{thread}?with=agent")).json()["data"]
    assert (shown["agent_uuid"], shown["agent"]) == (None, None)


async def test_what_an_agent_refers_to_may_go(owner: Tenant, connect: Connect) -> None:
    account, avatar = await connect(owner), await upload(owner, "a.png", PNG)
    agent = await make(owner, account_uuid=str(account), avatar_uuid=avatar)
    assert (await owner.delete(f"/api/v1/accounts/{account}")).status_code == 204
    assert (await owner.delete(f"/api/v1/media/{avatar}")).status_code == 204
    shown = (await owner.get(f"{PATH}/{agent['uuid']}?with=account,avatar")).json()["data"]
    assert (shown["account_uuid"], shown["account"], shown["avatar"]) == (None, None, None)


async def test_agents_of_others_do_not_exist(owner: Tenant, stranger: Tenant, connect: Connect) -> None:
    theirs = (await make(stranger))["uuid"]
    for uuid in (theirs, str(uuid4())):
        for answer in (
            await owner.get(f"{PATH}/{uuid}"),
            await owner.put(f"{PATH}/{uuid}", {"name": "Mine"}),
            await owner.delete(f"{PATH}/{uuid}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    account, avatar = str(await connect(stranger)), await upload(stranger, "a.png", PNG)
    mine = (await make(owner))["uuid"]
    for fields in ({"account_uuid": account}, {"avatar_uuid": avatar}, {"account_uuid": str(uuid4())}):
        assert (await owner.post(PATH, {"name": "A", **fields})).status_code == 404
        assert (await owner.put(f"{PATH}/{mine}", fields)).status_code == 404
    text = await upload(owner, "a.txt", b"text")
    refused = await owner.put(f"{PATH}/{mine}", {"avatar_uuid": text})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["avatar_uuid"])
    (listed,) = (await owner.get(PATH)).json()["data"]
    assert (listed["uuid"], listed["version"]) == (mine, 1)


async def test_agents_are_listed_sorted_searched_and_filtered(owner: Tenant, connect: Connect) -> None:
    account = str(await connect(owner))
    await make(owner, name="b", description="red", model="m1")
    middle = await make(owner, name="a", description="green", account_uuid=account)
    await make(owner, name="b", description="blue", model="m1")

    async def listed(query: str) -> list[str]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        return [agent["description"] for agent in answer.json()["data"]]

    assert await listed("") == ["blue", "green", "red"]
    assert await listed("sort=-name,created_at") == ["red", "blue", "green"]
    assert await listed("sort=name,-created_at&per_page=2&page=2") == ["red"]
    await owner.put(f"{PATH}/{middle['uuid']}", {"tags": ["x"]})
    assert await listed("sort=-updated_at") == ["green", "blue", "red"]
    assert await listed("search=GREE") == ["green"]
    assert await listed("search=a") == ["green"]
    assert await listed("model=m1") == ["blue", "red"]
    assert await listed(f"account_uuid={account}") == ["green"]
    assert await listed(f"creator_uuid={uuid4()}") == []
    assert await listed(f"created_before={middle['created_at']}") == ["red"]
    total = (await owner.get(f"{PATH}?model=m1&per_page=1")).json()["meta"]["total"]
    assert total == 2
    seen: list[str] = []
    link = f"{PATH}?sort=-name,updated_at&per_page=1&cursor="
    while link:
        answer = (await owner.get(link)).json()
        seen += [agent["description"] for agent in answer["data"]]
        link = answer["links"]["next"]
    assert seen == ["red", "blue", "green"]
    for bad in ("tags=x", "sort=model", "with=threads", "account_uuid=x"):
        assert (await owner.get(f"{PATH}?{bad}")).status_code == 422


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": " "}, "name"),
        ({"model": ""}, "model"),
        ({"tags": ["", "a"]}, "tags.0"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["a"] * 33}, "tags"),
        ({"system_prompt": "x" * 200_001}, "system_prompt"),
        ({"account_uuid": "x"}, "account_uuid"),
        ({"metadata": {"temperature": -1}}, "metadata.temperature"),
        ({"version": 7}, "version"),
        ({"creator_uuid": "01980000-0000-7000-8000-000000000000"}, "creator_uuid"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_field(owner: Tenant, fields: Any, where: str) -> None:
    agent = await make(owner)
    for answer in (
        await owner.post(PATH, {"name": "A", **fields}),
        await owner.put(f"{PATH}/{agent['uuid']}", fields),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [where])
    assert (await owner.get(PATH)).json()["data"] == [agent]


async def test_a_name_is_needed(owner: Tenant) -> None:
    answer = await owner.post(PATH, {})
    assert (answer.status_code, answer.json()["errors"]) == (422, {"name": ["Field required."]})


async def test_an_operator_runs_agents_and_does_not_change_them(owner: Tenant, make_tenant: MakeTenant) -> None:
    agent = await make(owner)
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await operator.get(f"{PATH}/{agent['uuid']}")).json()["data"] == agent
    for answer, permission in (
        (await operator.post(PATH, {"name": "A"}), "agents.create"),
        (await operator.put(f"{PATH}/{agent['uuid']}", {}), "agents.update"),
        (await operator.delete(f"{PATH}/{agent['uuid']}"), "agents.delete"),
    ):
        assert answer.status_code == 403
        assert permission in answer.json()["detail"]
